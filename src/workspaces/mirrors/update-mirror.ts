import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { makeDirectory, removeTree } from '../../base/files.ts';
import { randomId } from '../../base/ids.ts';
import { noRoom } from '../diagnose.ts';
import { fetchFailed } from '../errors.ts';
import { lastLines, runGit } from '../git.ts';
import type { RepositoryLimits } from '../git-limits.ts';
import type { Remote } from '../remote.ts';
import {
  borrowObjects,
  hasPlaceApart,
  hasStores,
  mainMirror,
  makePlaceApart,
  removeBrokenStores,
  takeStores,
} from './apart.ts';
import { fetchInto, filesBelow, followHead } from './fetch.ts';
import type { FetchJob } from './fetch-queue.ts';
import { HALF } from './spare-packs.ts';
import { FOLLOW_HEAD } from './wanted-commit.ts';

type Update = {
  /** The mirror, or a store beside it that borrows from one. */
  mirror: string;
  remote: Remote;
  limits: RepositoryLimits;
  clock: Clock;
  job: Pick<FetchJob<unknown>, 'requests' | 'signal' | 'report'>;
  mask: (text: string) => string;
};

/**
 * Fetches what a job asks for, and gives whether the mirror had to be made anew because it was damaged.
 *
 * After a failed fetch it checks the disk and then the server. When both are well it fetches once more, and then the
 * mirror itself must be damaged. A single commit that the server does not give is no error.
 */
export async function updateMirror(update: Update): Promise<boolean> {
  const { mirror } = update;
  if (isStore(mirror)) await makePlaceApart(mainMirror(mirror));
  else await makeDirectory(dirname(mirror), { mode: 0o700 });
  await clearLeftovers(mirror);
  try {
    return await bringUp(update);
  } catch (error) {
    // What a git that was ended has half received is as large as a fetch may be.
    await clearLeftovers(mirror);
    throw error;
  }
}

async function bringUp(update: Update): Promise<boolean> {
  const { mirror, job } = update;
  if (!(await isDirectory(mirror)) || (await isOfOldKind(mirror))) {
    await makeMirror(update);
    return false;
  }
  if ((await fetchOnce(update, mirror)) === undefined) return false;
  await throwCause(update);
  if (isForOneCommit(job.requests)) return false;
  if ((await fetchOnce(update, mirror)) === undefined) return false;
  await throwCause(update);
  await makeMirror(update);
  return true;
}

/** Made under another name and renamed, so that a mirror is whole from the moment it is there. */
async function makeMirror(update: Update): Promise<void> {
  const { mirror, job, remote } = update;
  const fresh = `${mirror}.${randomId(8)}`;
  try {
    await makeDirectory(fresh, { mode: 0o700 });
    const made = await runGit(['init', '--quiet', '--bare', '--template=', '--', fresh], {
      signal: job.signal,
    });
    const failed = made.exitCode === 0 ? await fillMirror(update, fresh) : lastLines(made.stderr);
    if (failed !== undefined) {
      await throwCause(update);
      if (isForOneCommit(job.requests)) return;
      throw fetchFailed(remote.url, update.mask(failed));
    }
    await replace(mirror, fresh);
    await removeBrokenStores(mirror, job.signal);
  } finally {
    await removeTree(fresh);
  }
}

async function fillMirror(update: Update, fresh: string): Promise<string | undefined> {
  const { mirror, remote, job } = update;
  const failed = await fetchOnce(update, fresh);
  if (failed !== undefined || isStore(mirror)) return failed;
  await makePlaceApart(fresh);
  return await followHead(fresh, remote, job.signal);
}

async function fetchOnce(
  { mirror: place, remote, job, limits, clock }: Update,
  mirror: string,
): Promise<string | undefined> {
  const refspecs = [...job.requests].filter((request) => request !== FOLLOW_HEAD);
  if (isStore(place)) await borrowObjects(mirror, mainMirror(place));
  const failed = await fetchInto(mirror, remote, {
    refspecs,
    limits,
    signal: job.signal,
    clock,
    onProgress: job.report,
  });
  return failed ?? (job.requests.has(FOLLOW_HEAD) ? await followHead(mirror, remote, job.signal) : undefined);
}

async function throwCause({ mirror, remote, job }: Update): Promise<void> {
  const cause = (await noRoom(dirname(mirror))) ?? (await remote.diagnose(job.signal));
  if (cause) throw cause;
}

async function replace(mirror: string, fresh: string): Promise<void> {
  const old = `${mirror}.${randomId(8)}`;
  if (await isDirectory(mirror)) await rename(mirror, old);
  await rename(fresh, mirror);
  await takeStores(old, mirror);
  await removeTree(old);
}

/**
 * Removes what a git that was killed left in a mirror: lock files, half-received packs, and half-made mirrors
 * beside it. Only the job whose turn in the queue it is may call this: then every such file is stale.
 */
async function clearLeftovers(mirror: string): Promise<void> {
  const beside = await readdir(dirname(mirror));
  for (const name of beside.filter((name) => name.startsWith(`${basename(mirror)}.`))) {
    const leftover = join(dirname(mirror), name);
    if (await hasStores(leftover)) await giveBack(leftover, mirror);
    await removeTree(leftover);
  }
  const stale = [
    ...(await filesBelow(mirror, '', false)).filter((path) => path.endsWith('.lock')),
    ...(await filesBelow(mirror, 'refs', true)).filter((path) => path.endsWith('.lock')),
    ...(await filesBelow(mirror, 'objects/pack', false)).filter((path) =>
      /\/\.?tmp-?_?[^/]*$|\.temp$/.test(path),
    ),
    ...(await filesBelow(mirror, 'spare', false)).filter((path) => path.endsWith(HALF)),
    ...(await filesBelow(mirror, 'objects/info', true)).filter((path) => path.endsWith('.lock')),
  ];
  for (const path of stale) await rm(join(mirror, path), { force: true });
}

/** A service that ended while a mirror was replaced left the old one aside, with the stores that only it has. */
async function giveBack(leftover: string, mirror: string): Promise<void> {
  if (await hasPlaceApart(mirror)) await takeStores(leftover, mirror);
  else if (!existsSync(mirror)) await rename(leftover, mirror);
}

function isStore(mirror: string): boolean {
  return mainMirror(mirror) !== mirror;
}

/** Mirrors of earlier versions also had the commits of pull requests; they are made anew once. */
async function isOfOldKind(mirror: string): Promise<boolean> {
  return !isStore(mirror) && !(await hasPlaceApart(mirror));
}

function isForOneCommit(requests: ReadonlySet<string>): boolean {
  return [...requests].every((refspec) => refspec.includes(':refs/commits/'));
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
