import type { Clock } from '../../base/clock.ts';

/** What the work gives, or undefined when it takes longer than `ms` or is called off; the work itself is not stopped, and how it ends later does not matter. */
export async function withinDeadline<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const giveUp = (): void => late.resolve(undefined);
  const timer = clock.after(ms, giveUp);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.stop();
    signal.removeEventListener('abort', giveUp);
    work.catch(() => {});
  }
}
