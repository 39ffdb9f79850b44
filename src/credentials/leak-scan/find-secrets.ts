import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { Secret } from '../../base/secret.ts';
import type { SearchProgress, SearchRoot } from './search-tree.ts';

/** The result of a search: paths that have a value, each with its root's name first, and why the search is incomplete. */
export type SecretSearch = { found: readonly string[]; cuts: readonly string[] };

/** What to search, and for how long at the most. */
type SearchOptions = {
  roots: readonly SearchRoot[];
  timeoutMs: number;
  /** How many paths are named at the most. */
  limit: number;
  clock: Clock;
};

/**
 * Searches trees that an agent left for the values it was granted, in a thread of its own; never throws. Contents that
 * are compressed (git's objects) are not looked into. Paths are as the agent named them: mask them before they are shown.
 */
export async function findSecrets(secrets: readonly Secret[], options: SearchOptions): Promise<SecretSearch> {
  const values = secrets.map((secret) => secret.reveal());
  const found: string[] = [];
  const cuts: string[] = [];
  if (values.length === 0) return { found, cuts };
  const { roots, limit, timeoutMs, clock } = options;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const worker = new Worker(new URL('./search-worker.ts', import.meta.url), {
    workerData: { roots, values, limit },
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  worker.on('message', (progress: SearchProgress) => {
    if ('found' in progress) found.push(progress.found);
    else cuts.push(progress.cut);
  });
  worker.on('error', (error) => {
    cuts.push(`it broke off (${error.message})`);
    end();
  });
  worker.on('exit', () => end());
  const timer = clock.after(timeoutMs, () => {
    cuts.push(`it took longer than ${timeoutMs / 1000} s`);
    end();
  });
  await over;
  timer.stop();
  await worker.terminate();
  if (found.length >= limit) cuts.push(`no more than ${limit} places are named`);
  return { found, cuts };
}
