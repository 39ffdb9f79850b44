import { statfs } from 'node:fs/promises';
import { formatBytes } from '../../base/bytes.ts';
import { createCancellation } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { FlowError } from '../../base/errors.ts';
import { ancestors } from '../../base/files.ts';
import { type ActiveRun, activeRunSignal } from '../active-runs.ts';
import type { Directories } from '../paths.ts';

/** What may happen until an agent starts: seconds from the claim on, and bytes that stay free on each disk. */
type PreparingLimits = { timeoutSec: number; freeBytes: number };

/** What watches over preparing. */
export type PreparingParts = {
  directories: Pick<Directories, 'varDir' | 'workspaceRoot'>;
  preparing: PreparingLimits;
  clock: Clock;
};

/** Preparing under watch: `signal` aborts when the run is cancelled, is late, or fills the disk; `release` ends the watch, and twice is harmless. */
export type Preparing = { signal: AbortSignal; release(): void };

/** Within this time a fast disk takes a few hundred megabytes at the most. */
const LOOK_EVERY_MS = 250;

/** Begins to watch over the preparation of a run. The work that the signal ends takes away what it made. */
export function watchPreparing(parts: PreparingParts, active: ActiveRun): Preparing {
  const { directories, preparing, clock } = parts;
  const guard = createCancellation();
  const late = clock.after(preparing.timeoutSec * 1000, () => guard.cancel(prepareTimedOut(preparing)));
  const look = async (): Promise<void> => {
    for (const [option, path] of [
      ['VAR_DIR', directories.varDir],
      ['WORKSPACE_ROOT', directories.workspaceRoot],
    ] as const) {
      const free = await freeBytes(path);
      if (free !== undefined && free < preparing.freeBytes)
        guard.cancel(diskLow({ option, path, free }, preparing));
    }
  };
  const looking = clock.every(LOOK_EVERY_MS, look);
  return {
    signal: AbortSignal.any([activeRunSignal(active), guard.signal]),
    release() {
      late.stop();
      looking.stop();
    },
  };
}

/** What is free where a directory lies, or will; undefined where the disk cannot be read, which the next claim reports. */
async function freeBytes(path: string): Promise<number | undefined> {
  for (const place of ancestors(path)) {
    const found = await statfs(place).catch(() => undefined);
    if (found) return found.bavail * found.bsize;
  }
  return undefined;
}

function prepareTimedOut({ timeoutSec }: PreparingLimits): FlowError {
  return new FlowError({
    code: 'prepare_timed_out',
    blame: 'service',
    message: `The run was not ready for its agent after ${timeoutSec} s, so it was ended and what it had made was removed.`,
    hint: 'See in the log what took so long: a large repository, a slow server, a busy host. If it is right that it takes that long, raise PREPARE_TIMEOUT_SEC (docs/configuration.md).',
  });
}

function diskLow(
  { option, path, free }: { option: string; path: string; free: number },
  { freeBytes }: PreparingLimits,
): FlowError {
  return new FlowError({
    code: 'prepare_disk_low',
    blame: 'operator',
    message: `While the run was prepared the disk of ${option} (${path}) fell to ${formatBytes(free)}, and ${formatBytes(freeBytes)} stay free (MIN_FREE_TO_PREPARE), so it was ended and what it had made was removed.`,
    hint: 'See how large the repository is; make room, set VAR_DIR or WORKSPACE_ROOT to a larger disk, or lower FETCH_BYTES and CHECKOUT_BYTES.',
  });
}
