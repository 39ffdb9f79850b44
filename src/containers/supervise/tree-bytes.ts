import { type ExecOptions, exec } from '../../programs/exec.ts';

/** After this long a measure is given up. */
const TIMEOUT_MS = 60_000;

/** What an entry counts beside its blocks: an empty file takes an inode, and a disk has about one for each 16 KiB. */
const ENTRY_BYTES = 4096;

/** Bytes on the disk, undefined when they could not be counted in time; `unread` is the first part that could not be looked into. */
type TreeBytes = { bytes: number | undefined; unread: string | undefined };

/**
 * What a tree takes of the disk, and 4 KiB for each file and directory in it; links not followed, other file systems
 * not entered, a file with several names counted once. `du` goes down by directory handles, so that no depth and no
 * name stops it, and holds few names at a time. Rejects with the signal's reason when that aborts.
 */
export async function treeBytes(directory: string, signal: AbortSignal): Promise<TreeBytes> {
  const options = { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, cwd: '/', timeoutMs: TIMEOUT_MS, signal };
  try {
    const [blocks, entries] = await Promise.all([
      sum(['-skx', '--', directory], options),
      sum(['-sx', '--inodes', '--', directory], options),
    ]);
    signal.throwIfAborted();
    const bytes = blocks.sum === undefined ? undefined : blocks.sum * 1024 + (entries.sum ?? 0) * ENTRY_BYTES;
    return { bytes, unread: blocks.complaint };
  } catch (error) {
    signal.throwIfAborted();
    return { bytes: undefined, unread: String(error).slice(0, 300) };
  }
}

/** The total that `du` prints, and its first complaint. */
async function sum(
  args: readonly string[],
  options: ExecOptions,
): Promise<{ sum: number | undefined; complaint: string | undefined }> {
  const { stdout, stderr } = await exec('du', args, options);
  const [, digits] = /^(\d{1,15})\t/.exec(stdout) ?? [];
  const complaint = stderr === '' ? undefined : stderr.slice(0, 300);
  return { sum: digits === undefined ? undefined : Number(digits), complaint };
}
