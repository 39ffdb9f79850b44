/**
 * Whether a symbolic link at `path` may lead out of the repository or into its `.git`. Going up is allowed only at the
 * target's beginning and no further than the root: a `..` after a name could stand behind another link. Undefined is a
 * target that was too long to read.
 */
export function linkLeaves(path: string, target: string | undefined): boolean {
  if (target === undefined || target === '' || target.startsWith('/') || target.includes('\0')) return true;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const ups = names.findIndex((name) => name !== '..');
  const rest = ups === -1 ? [] : names.slice(ups);
  const depth = path.split('/').length - 1;
  const climbs = ups === -1 ? names.length : ups;
  return climbs > depth || rest.includes('..') || rest.some((name) => /^(?:\.git|git~1)$/i.test(name));
}
