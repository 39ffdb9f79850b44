import { readFileSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { writeAtomic } from '../../base/files.ts';
import type { Logger } from '../../log/logger.ts';
import { type ExecOptions, exec } from '../../programs/exec.ts';
import type { Engine } from '../engine/docker.ts';

/** Which of the two limits on what a run writes was passed. */
export type GrowthLimit = 'disk_limit' | 'workspace_limit';

/** What a run may write, in bytes. */
export type GrowthOptions = {
  /** The host's directory that is mounted at `/workspace`. */
  workspace: string;
  /** Keeps the workspace's size from before the agent wrote, so that a later service counts from there too. */
  baselineFile: string;
  workspaceBytes: number;
  /** Undefined where the container's own files cannot be written. */
  diskBytes: number | undefined;
};

/** `stop` also ends a measurement in progress. */
type GrowthWatch = { stop(): void };

/** The interval of measurements. Slow ones are less frequent, so that they take at most a tenth of the time. */
const EVERY_MS = 5_000;
const REST_FACTOR = 9;

/** After this many measurements in a row that took too long, the tree counts as too large. */
const MAX_TIMEOUTS = 3;

/** Keeps in `baselineFile` what a workspace holds before its agent starts; a workspace that cannot be measured in time keeps nothing. */
export async function keepBaseline(
  { workspace, baselineFile }: Pick<GrowthOptions, 'workspace' | 'baselineFile'>,
  signal: AbortSignal,
): Promise<void> {
  const { bytes } = await treeBytes(workspace, signal);
  if (bytes !== undefined) await writeAtomic(baselineFile, String(bytes), { mode: 0o600 });
}

/**
 * Measures what a container has written, every five seconds, and calls `onLimit` once when one of the limits is
 * passed: the container's own files as the engine counts them, and the growth of the workspace since the start.
 * A failed measurement is repeated at the next interval.
 */
export function watchGrowth(
  options: GrowthOptions & {
    engine: Pick<Engine, 'writtenBytes'>;
    containerId: string;
    onLimit: (limit: GrowthLimit) => void;
    clock: Clock;
    log: Logger;
  },
): GrowthWatch {
  const { clock, log, onLimit } = options;
  const over = new AbortController();
  const run = async (): Promise<void> => {
    const isWorkspaceOver = await workspaceMeter(options, over.signal);
    while (!over.signal.aborted) {
      const startedAt = clock.passed();
      const limit = (await isDiskOver(options))
        ? 'disk_limit'
        : (await isWorkspaceOver())
          ? 'workspace_limit'
          : undefined;
      if (limit && !over.signal.aborted) return onLimit(limit);
      const tookMs = clock.passed() - startedAt;
      await clock.sleep(Math.max(EVERY_MS, tookMs * REST_FACTOR), over.signal);
    }
  };
  run().catch((error: unknown) => {
    if (!over.signal.aborted) log.error({ err: error }, 'measuring a run failed');
  });
  return { stop: () => over.abort() };
}

async function isDiskOver(options: {
  engine: Pick<Engine, 'writtenBytes'>;
  containerId: string;
  diskBytes: number | undefined;
  log: Logger;
}): Promise<boolean> {
  const { engine, containerId, diskBytes, log } = options;
  if (diskBytes === undefined) return false;
  try {
    return (await engine.writtenBytes(containerId)) > diskBytes;
  } catch (error) {
    log.debug({ err: error, containerId }, 'a container could not be measured');
    return false;
  }
}

/** Gives a check whether the workspace has grown too much; without a kept baseline it counts from now. */
async function workspaceMeter(
  { workspace, baselineFile, workspaceBytes, log }: GrowthOptions & { log: Logger },
  signal: AbortSignal,
): Promise<() => Promise<boolean>> {
  let late = 0;
  const measure = async (): Promise<number | undefined> => {
    const { bytes, unread } = await treeBytes(workspace, signal);
    late = bytes === undefined ? late + 1 : 0;
    if (unread) log.debug({ workspace, unread }, 'a part of a workspace could not be measured');
    return bytes;
  };
  const begun = readBaseline(baselineFile) ?? (await measure()) ?? 0;
  return async () => {
    const bytes = await measure();
    return late >= MAX_TIMEOUTS || (bytes !== undefined && bytes - begun > workspaceBytes);
  };
}

function readBaseline(file: string): number | undefined {
  try {
    const bytes = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

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
