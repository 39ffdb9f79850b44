import { exec } from '../base/exec.ts';

/** After this long a measure is given up. */
const TIMEOUT_MS = 60_000;

/** Bytes on the disk, undefined when they could not be counted in time; `unread` is the first part that could not be looked into. */
export type TreeBytes = { bytes: number | undefined; unread: string | undefined };

/**
 * What a tree takes on the disk, links not followed, other file systems not entered, a file with several names counted
 * once. `du` goes down by directory handles, so that no depth and no name stops it, and holds few names at a time.
 * Rejects with the signal's reason when that aborts.
 */
export async function treeBytes(directory: string, signal: AbortSignal): Promise<TreeBytes> {
  try {
    const { stdout, stderr } = await exec('du', ['-skx', '--', directory], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      cwd: '/',
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    const [, kib] = /^(\d{1,15})\t/.exec(stdout) ?? [];
    const unread = stderr === '' ? undefined : stderr.slice(0, 300);
    return { bytes: kib === undefined ? undefined : Number(kib) * 1024, unread };
  } catch (error) {
    signal.throwIfAborted();
    return { bytes: undefined, unread: String(error).slice(0, 300) };
  }
}
