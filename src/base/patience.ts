import type { Clock } from './clock.ts';

/** Whether something is so new that others may not know it yet, such as a token that was minted a moment ago. */
export type Patience<T> = { isYoung(subject: T): boolean | Promise<boolean>; clock: Clock };

/** What is not known yet is tried again after these waits. */
const WAITS_MS = [1_000, 2_000, 4_000];

/** Does `work`, and again after 1, 2 and 4 s while it fails in a way that `isTooYoung` takes for a matter of age and `subject` is young. Without `patience` once. Throws what the last try threw. */
export async function patiently<S, T>(
  patience: Patience<S> | undefined,
  about: { subject: S; signal: AbortSignal; isTooYoung(error: unknown): boolean },
  work: () => Promise<T>,
): Promise<T> {
  for (const waitMs of patience ? WAITS_MS : []) {
    try {
      return await work();
    } catch (error) {
      if (!patience || !about.isTooYoung(error) || !(await patience.isYoung(about.subject))) throw error;
      await patience.clock.sleep(waitMs, about.signal);
    }
  }
  return await work();
}
