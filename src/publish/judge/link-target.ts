/**
 * Whether a symbolic link at `path` may lead out of the repository or into its `.git`. Going up is allowed only at the
 * target's beginning and no further than the root: a `..` after a name could stand behind another link. What leads
 * there on macOS and Windows only (a backslash, a drive, the names that mean `.git` there) leads there. Undefined is a
 * target that was too long to read.
 */
export function linkLeaves(path: string, target: string | undefined): boolean {
  if (target === undefined || target === '' || /^\/|^[a-z]:|[\0\\]/i.test(target)) return true;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const ups = names.findIndex((name) => name !== '..');
  const rest = ups === -1 ? [] : names.slice(ups);
  const depth = path.split('/').length - 1;
  const climbs = ups === -1 ? names.length : ups;
  return climbs > depth || rest.includes('..') || rest.some(isGit);
}

/** https://github.com/git/git/blob/master/path.c (is_ntfs_dotgit), utf8.c (is_hfs_dotgit) */
function isGit(name: string): boolean {
  const plain = name.replaceAll(/\p{Cf}/gu, '').replace(/:.*$/, '');
  return /^(?:\.git|git~\d+)[ .]*$/i.test(plain);
}
