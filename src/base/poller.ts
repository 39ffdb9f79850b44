import type { Clock, Timer } from './clock.ts';

/** Looks for work every `everyMs`, and at once when it is woken; never twice at a time. A wake during a look causes another look. */
type Poller = {
  start(): void;
  wake(): void;
  /** Resolves when the look that is under way has ended. */
  settled(): Promise<void>;
  /** Looks no more; resolves when no look is under way. */
  stop(): Promise<void>;
};

/** `onError` is given what a look throws; the next one comes all the same. */
export function createPoller(parts: {
  clock: Clock;
  everyMs: number;
  look: () => Promise<void>;
  onError: (error: unknown) => void;
}): Poller {
  let timer: Timer | undefined;
  let current: Promise<void> | undefined;
  let looking: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const lookAgain = async (): Promise<void> => {
    do {
      again = false;
      current = parts.look().catch(parts.onError);
      await current;
    } while (again && !stopped);
    looking = undefined;
  };
  const wake = (): void => {
    if (stopped) return;
    again = true;
    looking ??= lookAgain();
  };
  return {
    start() {
      // Ticks during a look are skipped; otherwise slow looks would follow each other without an end.
      timer = parts.clock.every(parts.everyMs, () => (looking ? undefined : wake()));
      wake();
    },
    wake,
    settled: async () => await current,
    async stop() {
      stopped = true;
      timer?.stop();
      await looking;
    },
  };
}
