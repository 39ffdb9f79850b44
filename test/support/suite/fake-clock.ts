import { type Clock, systemClock } from '../../../src/base/clock.ts';

/** The machine's timers under a time of day that the test sets: `clock.time` is milliseconds since 1970. */
export function settableClock(time = Date.UTC(2030, 0, 1)): Clock & { time: number } {
  const clock = { ...systemClock, time, now: () => clock.time };
  return clock;
}

/** A clock that stands still until `advance` moves it on; timers are called on the way, each at its own time. */
export function movedClock(
  time = Date.UTC(2030, 0, 1),
): Clock & { time: number; advance(ms: number): Promise<void> } {
  type Due = { at: number; action: () => unknown };
  const due = new Set<Due>();
  const add = (at: number, action: () => unknown): { stop(): void } => {
    const one = { at, action };
    due.add(one);
    return { stop: () => void due.delete(one) };
  };
  const clock = {
    time,
    now: () => clock.time,
    passed: () => clock.time,
    after: (ms: number, action: () => void) => add(clock.time + ms, action),
    every(ms: number, action: () => void | Promise<void>) {
      let stopped = false;
      let next = { stop: (): void => {} };
      const again = (): void => {
        next = add(clock.time + ms, async () => {
          await action();
          if (!stopped) again();
        });
      };
      again();
      return {
        stop() {
          stopped = true;
          next.stop();
        },
      };
    },
    async sleep(ms: number, signal?: AbortSignal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = add(clock.time + ms, resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      await promise.finally(timer.stop);
    },
    async advance(ms: number) {
      const end = clock.time + ms;
      for (;;) {
        const [first] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (!first) break;
        due.delete(first);
        clock.time = Math.max(clock.time, first.at);
        await first.action();
      }
      clock.time = end;
    },
  };
  return clock;
}
