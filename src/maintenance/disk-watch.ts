import { statfs } from 'node:fs/promises';
import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { asFlowError, systemCode } from '../base/errors.ts';
import { ancestors } from '../base/files.ts';
import { counted } from '../base/words.ts';
import type { Logger } from '../log/logger.ts';

/** What must be free on a disk: bytes, and inodes where the file system counts them. */
export type Mark = { bytes: number; inodes: number };

/** Space of one place; `inodes` is null where the file system makes them at need. */
type Space = { place: string; bytes: number; inodes: number | null };

/** `low`: no run is begun. `full`: no delivery is accepted either. `unknown`: the disk could not be looked at, so no run is begun. */
type Pressure = 'none' | 'low' | 'full' | 'unknown';

/** The state of the disks. */
type DiskState = { pressure: Pressure; message: string | null; places: readonly Space[] };

/** Looks at the disks when asked, at most once a second, and logs each change of pressure. Never rejects. */
export type DiskWatch = {
  state(): Promise<DiskState>;
  canClaim(): Promise<boolean>;
  canAccept(): Promise<boolean>;
};

const GOOD_FOR_MS = 1_000;

type DiskParts = {
  /** Directories that are written to, with the option that names each; one that is not there yet is judged by what is above it. */
  places: readonly { option: string; path: string }[];
  run: Mark;
  accept: Mark;
  clock: Clock;
  log: Logger;
};

/** A watch over the given places; the mark for runs is at least the one for deliveries. */
export function createDiskWatch(parts: DiskParts): DiskWatch {
  let last: { state: Promise<DiskState>; at: number } | undefined;
  let pressure: Pressure = 'none';
  const look = async (): Promise<DiskState> => {
    const state = await lookAt(parts);
    if (state.pressure !== pressure) logChange(parts.log, state);
    pressure = state.pressure;
    return state;
  };
  const state = async (): Promise<DiskState> => {
    const age = last ? Math.abs(parts.clock.now() - last.at) : Number.POSITIVE_INFINITY;
    if (!last || age >= GOOD_FOR_MS) last = { state: look(), at: parts.clock.now() };
    return await last.state;
  };
  return {
    state,
    canClaim: async () => (await state()).pressure === 'none',
    canAccept: async () => (await state()).pressure !== 'full',
  };
}

async function lookAt({ places, run, accept }: DiskParts): Promise<DiskState> {
  const found = await Promise.all(places.map(async ({ option, path }) => await spaceOf(option, path)));
  const spaces = found.filter((space) => 'bytes' in space);
  const below = (mark: Mark) => spaces.find((space) => isBelow(space, mark));
  const full = below(accept);
  const low = below({
    bytes: Math.max(run.bytes, accept.bytes),
    inodes: Math.max(run.inodes, accept.inodes),
  });
  const unknown = found.find((space) => 'issue' in space);
  if (full)
    return {
      pressure: 'full',
      message: describe(full, 'no delivery is accepted and no run begins'),
      places: spaces,
    };
  if (low)
    return {
      pressure: 'low',
      message: describe(low, 'deliveries are accepted, and runs wait'),
      places: spaces,
    };
  if (unknown) return { pressure: 'unknown', message: unknown.issue, places: spaces };
  return { pressure: 'none', message: null, places: spaces };
}

function isBelow(space: Space, mark: Mark): boolean {
  return space.bytes < mark.bytes || (space.inodes !== null && space.inodes < mark.inodes);
}

async function spaceOf(option: string, path: string): Promise<Space | { issue: string }> {
  for (const place of ancestors(path)) {
    try {
      const { bavail, bsize, files, ffree } = await statfs(place);
      return { place: `${option} (${path})`, bytes: bavail * bsize, inodes: files === 0 ? null : ffree };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') continue;
      return { issue: `The disk of ${option} (${path}) cannot be looked at: ${asFlowError(error).message}` };
    }
  }
  return { issue: `There is no disk for ${option} (${path}).` };
}

function describe({ place, bytes, inodes }: Space, then: string): string {
  const files = inodes === null ? '' : ` and room for ${counted(inodes, 'file')}`;
  return `The disk of ${place} has ${formatBytes(bytes)}${files} left: ${then}.`;
}

function logChange(log: Logger, { pressure, message, places }: DiskState): void {
  if (pressure === 'none') log.info({ places }, 'disk has room again');
  else log.error({ pressure, places, message }, 'disk is under pressure');
}
