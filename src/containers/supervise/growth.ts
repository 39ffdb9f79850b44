import { readFileSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { writeAtomic } from '../../base/files.ts';
import type { Logger } from '../../log/logger.ts';
import type { Engine } from '../engine/docker.ts';
import { treeBytes } from './tree-bytes.ts';

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

/** Stops watching; a measure under way is given up. */
type GrowthWatch = { stop(): void };

/** Measured this often, and a measure that takes long less often: at most a tenth of the time goes into measuring. */
const EVERY_MS = 5_000;
const REST_FACTOR = 9;

/** A tree that cannot be counted in time this often in a row is too large, whatever it holds. */
const MOST_LATE = 3;

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
 * A measure that fails is tried again with the next one.
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
    if (!over.signal.aborted) log.error({ err: error }, 'what a run writes is no longer measured');
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
    log.debug({ err: error, containerId }, 'a container could not be measured; it is tried again');
    return false;
  }
}

/** Says whether the workspace has grown too much; where nobody kept what it held at the start, it counts from now. */
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
    return late >= MOST_LATE || (bytes !== undefined && bytes - begun > workspaceBytes);
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
