import { rename, stat } from 'node:fs/promises';
import { makeDirectory, removeTree } from '../base/files.ts';
import { randomId } from '../base/ids.ts';
import { noRoom } from './diagnose.ts';
import { fetchFailed } from './errors.ts';
import { fetchInto, followHead } from './fetch.ts';
import type { FetchJob } from './fetch-queue.ts';
import { lastWords, runGit } from './git.ts';
import { clearLeftovers } from './leftovers.ts';
import type { Remote } from './remote.ts';
import { FOLLOW_HEAD } from './want.ts';

type Update = {
  /** The directory of all mirrors. */
  dir: string;
  mirror: string;
  remote: Remote;
  job: Pick<FetchJob<unknown>, 'requests' | 'signal' | 'report'>;
  mask: (text: string) => string;
};

/**
 * Fetches what a job asks for, and gives whether the mirror had to be made anew because it was damaged.
 *
 * A failed fetch is first the server's fault, then the disk's; if neither, it is tried once more; and if the server
 * still answers, the mirror itself must be what is wrong. A single commit that the server does not give is no fault.
 */
export async function updateMirror(update: Update): Promise<boolean> {
  const { dir, mirror, job } = update;
  await makeDirectory(dir, { mode: 0o700 });
  await clearLeftovers(mirror);
  if (!(await isDirectory(mirror))) {
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
    const failed =
      made.exitCode === 0
        ? ((await fetchOnce(update, fresh)) ?? (await followHead(fresh, remote, job.signal)))
        : lastWords(made.stderr);
    if (failed !== undefined) {
      await throwCause(update);
      throw fetchFailed(remote.url, update.mask(failed));
    }
    await replace(mirror, fresh);
  } finally {
    await removeTree(fresh);
  }
}

async function fetchOnce({ remote, job }: Update, mirror: string): Promise<string | undefined> {
  const refspecs = [...job.requests].filter((request) => request !== FOLLOW_HEAD);
  const failed = await fetchInto(mirror, remote, { refspecs, signal: job.signal, onProgress: job.report });
  return failed ?? (job.requests.has(FOLLOW_HEAD) ? await followHead(mirror, remote, job.signal) : undefined);
}

async function throwCause({ dir, remote, job }: Update): Promise<void> {
  const cause = (await noRoom(dir)) ?? (await remote.diagnose(job.signal));
  if (cause) throw cause;
}

async function replace(mirror: string, fresh: string): Promise<void> {
  const old = `${mirror}.${randomId(8)}`;
  if (await isDirectory(mirror)) await rename(mirror, old);
  await rename(fresh, mirror);
  await removeTree(old);
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
