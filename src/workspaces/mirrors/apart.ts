import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { removeTree } from '../../base/files.ts';
import { runGit } from '../git.ts';
import { resolveTarget } from './wanted-commit.ts';

/** Where, in a mirror, the stores lie that hold what is on none of its branches and tags. */
const APART = 'apart';

/**
 * The bare repository that holds what one pull request, one commit or one odd ref brings beyond the mirror’s branches
 * and tags; `key` is one plain component. It borrows everything else from the mirror, and only runs about the same
 * thing are cloned from it: what a fork pushed never travels into another run’s clone.
 */
export function apartStore(mirror: string, key: string): string {
  return join(mirror, APART, key);
}

/** The mirror that a store borrows from; a mirror is its own. */
export function mainMirror(store: string): string {
  const above = dirname(store);
  return basename(above) === APART ? dirname(above) : store;
}

/** Makes a mirror ready for stores. A mirror without the directory for them is from an earlier version, which had no stores. */
export async function makePlaceApart(mirror: string): Promise<void> {
  await mkdir(join(mirror, APART), { mode: 0o700 }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
}

/** Whether a mirror has the place for stores. */
export async function hasPlaceApart(mirror: string): Promise<boolean> {
  return await stat(join(mirror, APART)).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Lets a store borrow its mirror’s objects; written again before each fetch, because directories are moved. */
export async function borrowObjects(store: string, mirror: string): Promise<void> {
  await mkdir(join(store, 'objects/info'), { recursive: true });
  await writeFile(join(store, 'objects/info/alternates'), `${join(mirror, 'objects')}\n`);
}

/** The repository of a mirror that has a commit: itself, or a store; undefined when none has. */
export async function findStore(mirror: string, commit: string): Promise<string | undefined> {
  const target = { names: [], commit };
  for (const store of [mirror, ...(await listStores(mirror))])
    if (await resolveTarget(store, target)) return store;
  return undefined;
}

/** Whether a mirror has stores. */
export async function hasStores(mirror: string): Promise<boolean> {
  return (await listStores(mirror)).length > 0;
}

/** Moves the stores of a mirror into the one that took its place: publications that wait, and runs about to be cloned, need what only they have. */
export async function takeStores(old: string, mirror: string): Promise<void> {
  for (const store of await listStores(old))
    await rename(store, apartStore(mirror, basename(store))).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
    });
}

/** Removes the stores that lack something which a mirror before this one had; they are made anew at the next request. Throws the signal's reason. */
export async function removeBrokenStores(mirror: string, signal?: AbortSignal): Promise<void> {
  for (const store of await listStores(mirror)) if (await isBroken(store, signal)) await removeStore(store);
}

/** Whether something is missing that the refs of a store lead to; what the mirror’s own refs lead to is not looked at. A search that takes too long finds nothing missing. */
async function isBroken(store: string, signal: AbortSignal | undefined): Promise<boolean> {
  const reached = ['--objects', '--quiet', '--all', '--not', '--alternate-refs'];
  const walk = runGit([`--git-dir=${store}`, 'rev-list', ...reached], signal ? { signal } : {});
  const walked = await walk.catch(() => undefined);
  signal?.throwIfAborted();
  return walked !== undefined && walked.exitCode !== 0;
}

/** Removes the stores of a mirror that no run asked for since `before`, milliseconds since 1970. */
export async function removeOldStores(mirror: string, before: number): Promise<void> {
  for (const store of await listStores(mirror)) {
    const found = await stat(store).catch(() => undefined);
    if (found && found.mtimeMs < before) await removeStore(store);
  }
}

async function removeStore(store: string): Promise<void> {
  const away = `${store}.removing`;
  await removeTree(away);
  await rename(store, away);
  await removeTree(away);
}

async function listStores(mirror: string): Promise<string[]> {
  const names = await readdir(join(mirror, APART)).catch(() => []);
  return names.filter((name) => !name.includes('.')).map((name) => apartStore(mirror, name));
}
