import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { GitLimits } from '../git-limits.ts';
import { fetchTooLarge } from '../limit-errors.ts';
import { filesBelow } from './leftovers.ts';

const LOOK_MS = 1_000;

/** What git makes of what was fetched; the limit on a file holds for it. */
const MADE = /\.(?:idx|rev|bitmap|mtimes|keep)$/;

/**
 * Ends a fetch into `mirror` that brings more than one file may have, in however many files: a server that speaks
 * no protocol of git's own over HTTP gives each pack and each object by itself. `work` gets the signal that ends it.
 * Throws `repository_over_limits`, also when it was too late to end it.
 */
export async function withinCeiling<T>(
  { clock, mirror, limits, signal }: { clock: Clock; mirror: string; limits: GitLimits; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const before = await bytesOf(mirror);
  const enough = new AbortController();
  const look = async (): Promise<void> => {
    if ((await bytesOf(mirror)) - before > limits.fileBytes) enough.abort(fetchTooLarge(limits.fileBytes));
  };
  const timer = clock.every(LOOK_MS, look);
  try {
    const result = await work(AbortSignal.any([signal, enough.signal]));
    await look();
    enough.signal.throwIfAborted();
    return result;
  } finally {
    timer.stop();
  }
}

/** Of all packs and objects, also of those that are half there. */
async function bytesOf(mirror: string): Promise<number> {
  const files = (await filesBelow(mirror, 'objects', true)).filter((path) => !MADE.test(path));
  const sizes = await Promise.all(
    files.map(
      async (path) =>
        await stat(join(mirror, path)).then(
          ({ size }) => size,
          () => 0,
        ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
