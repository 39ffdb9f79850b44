import type { Clock } from './clock.ts';

/**
 * How long to wait, in milliseconds, after `failures` failures before this one: `first`, doubled by each, `most` at the
 * most. A `random` from 0 to 1 changes that by up to half of it, so that many do not come back at once.
 */
export function backoff(
  { first, most }: { first: number; most: number },
  failures: number,
  random = 0.5,
): number {
  return Math.min(most, first * 2 ** failures) * (0.5 + random);
}

/** Whether something is so new that others may not know it yet, such as a token that was minted a moment ago. */
export type Patience<T> = { isYoung(subject: T): boolean | Promise<boolean>; clock: Clock };

/** What is not known yet is tried again this often, with doubled waits between. */
const TRIES = 3;
const YOUNG_MS = { first: 1_000, most: 4_000 };

/** Does `work`, and again after 1, 2 and 4 s while it fails in a way that `isTooYoung` takes for a matter of age and `subject` is young. Without `patience` once. Throws what the last try threw. */
export async function patiently<S, T>(
  patience: Patience<S> | undefined,
  about: { subject: S; signal: AbortSignal; isTooYoung(error: unknown): boolean },
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; patience && failures < TRIES; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!about.isTooYoung(error) || !(await patience.isYoung(about.subject))) throw error;
      await patience.clock.sleep(backoff(YOUNG_MS, failures), about.signal);
    }
  }
  return await work();
}
