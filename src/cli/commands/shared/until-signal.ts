import { systemClock } from '../../../base/clock.ts';

/** A second signal within this time counts as the same one: a terminal and npm both send it. */
const SAME_SIGNAL_MS = 1_000;

/** Resolves at the first of the signals; a second one ends the process at once, which loses nothing. */
export function untilSignal(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const onSignal = (): void => {
      if (askedAt !== undefined && systemClock.now() - askedAt > SAME_SIGNAL_MS) process.exit(1);
      askedAt ??= systemClock.now();
      resolve();
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}
