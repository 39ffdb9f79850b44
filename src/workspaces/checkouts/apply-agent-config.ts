import { appendFile, lchown, lstat, mkdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type FlowError, systemCode } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import { checkoutFailed } from '../errors.ts';
import { lastLines, runGit } from '../git.ts';
import type { ConfigChange } from './agent-config.ts';

/** A clone that no container has seen yet. */
type FreshClone = {
  mirror: string;
  commit: string;
  /** The working tree. */
  dir: string;
  owner: Owner;
  signal?: AbortSignal;
};

/**
 * Puts the base's agent configuration into the working tree of a fresh clone, in the place of the head's. Index and
 * branch stay the head's: its paths are marked `skip-worktree`, paths that only the base has are excluded, so that
 * `git status` is clean and no commit takes them along. Gives the paths that were changed. Throws `checkout_failed`.
 *
 * The base's files are first written to an empty directory beside the clone and then moved, through real directories
 * only: a link that the head put in the way is never followed.
 */
export async function applyAgentConfig(
  clone: FreshClone,
  changes: readonly ConfigChange[],
): Promise<string[]> {
  if (changes.length === 0) return [];
  const staging = `${clone.dir}.base`;
  try {
    await layOutBase(clone, staging, changes);
    const inHead = changes.filter((change) => change.inHead);
    for (const change of inHead) await removeFromHead(clone.dir, change);
    const placed: ConfigChange[] = [];
    for (const change of changes)
      if (change.base && (await place(clone, staging, change))) placed.push(change);
    for (const { path } of inHead) await removeEmptyAbove(clone.dir, path, 1);
    await markIndex(clone, inHead);
    await exclude(
      clone,
      placed.filter(({ inHead }) => !inHead),
    );
    return changes.filter((change) => change.inHead || placed.includes(change)).map(({ path }) => path);
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(`${staging}.index`, { force: true });
  }
}

/** An index of the base's objects alone, laid out by the mirror's own git in a directory of its own. */
async function layOutBase(
  clone: FreshClone,
  staging: string,
  changes: readonly ConfigChange[],
): Promise<void> {
  const lines = changes.flatMap(({ path, base }) => (base ? [`${base.mode} ${base.object}\t${path}\0`] : []));
  await mkdir(staging);
  if (lines.length === 0) return;
  const env = { GIT_INDEX_FILE: `${staging}.index` };
  const place = [`--git-dir=${clone.mirror}`, `--work-tree=${staging}`];
  await git(clone, [...place, 'update-index', '-z', '--index-info'], { env, input: lines.join('') });
  await git(clone, [...place, 'checkout-index', '--all', '--force'], { env, cwd: staging });
}

/** Every folder above a path of the head is a real one, because git has just made it. Configuration folders left empty go too. */
async function removeFromHead(dir: string, { path, depth }: ConfigChange): Promise<void> {
  const full = join(dir, path);
  const found = await lstat(full).catch(() => undefined);
  if (found) await (found.isDirectory() ? rmdir(full) : unlink(full));
  await removeEmptyAbove(dir, path, depth);
}

/** Git has no empty folders: removes those above `path` that have become so, down to `depth` components. */
async function removeEmptyAbove(dir: string, path: string, depth: number): Promise<void> {
  const folders = path.split('/').slice(0, -1);
  for (let length = folders.length; length >= depth; length -= 1)
    if (!(await isRemoved(join(dir, ...folders.slice(0, length))))) return;
}

async function isRemoved(folder: string): Promise<boolean> {
  return await rmdir(folder).then(
    () => true,
    () => false,
  );
}

/** False when the head has no such folder, or a link or a file in its place: then there is nothing to steer there. */
async function place(
  { dir, owner }: FreshClone,
  staging: string,
  { path, depth }: ConfigChange,
): Promise<boolean> {
  const folders = path.split('/').slice(0, -1);
  let folder = dir;
  for (const [index, name] of folders.entries()) {
    folder = join(folder, name);
    const found = await lstat(folder).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found ? !found.isDirectory() : index < depth - 1 && !isTopFolder(path, index)) return false;
    if (found) continue;
    await mkdir(folder);
    await lchown(folder, owner.uid, owner.gid);
  }
  const target = join(dir, path);
  if (await lstat(target).catch(() => undefined)) return false;
  await rename(join(staging, path), target);
  await lchown(target, owner.uid, owner.gid);
  return true;
}

/** `.github` and `.vscode` may be made anew for the configuration in them. */
function isTopFolder(path: string, index: number): boolean {
  return index === 0 && /^\.(?:github|vscode)\//i.test(path);
}

/** The service’s git writes the index, which no container has seen yet, and gives it to its owner. */
async function markIndex(clone: FreshClone, changes: readonly ConfigChange[]): Promise<void> {
  if (changes.length === 0) return;
  const input = changes.map(({ path }) => `${path}\0`).join('');
  const args = [
    `--git-dir=${join(clone.dir, '.git')}`,
    `--work-tree=${clone.dir}`,
    'update-index',
    '-z',
    '--skip-worktree',
    '--stdin',
  ];
  await git(clone, args, { cwd: clone.dir, input });
  await lchown(join(clone.dir, '.git', 'index'), clone.owner.uid, clone.owner.gid);
}

async function exclude(clone: FreshClone, changes: readonly ConfigChange[]): Promise<void> {
  const lines = changes.flatMap(({ path }) => (path.includes('\n') ? [] : [`/${escapePattern(path)}\n`]));
  if (lines.length === 0) return;
  const file = join(clone.dir, '.git/info/exclude');
  await appendFile(file, `# Agent configuration of the pull request's base.\n${lines.join('')}`);
  await lchown(file, clone.owner.uid, clone.owner.gid);
}

/** https://git-scm.com/docs/gitignore#_pattern_format */
function escapePattern(path: string): string {
  return path.replaceAll(/[\\*?[\]!#]/g, '\\$&').replace(/ +$/, (spaces) => spaces.replaceAll(' ', '\\ '));
}

async function git(
  clone: FreshClone,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; input?: string },
): Promise<void> {
  const signal = clone.signal === undefined ? {} : { signal: clone.signal };
  const { exitCode, stderr } = await runGit(args, { ...options, ...signal });
  if (exitCode !== 0) throw failed(clone, lastLines(stderr));
}

function failed({ mirror, commit }: FreshClone, detail: string): FlowError {
  return checkoutFailed({ mirror, commit, detail: `the base’s agent configuration did not fit (${detail})` });
}
