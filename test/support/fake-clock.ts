import { type Clock, systemClock } from '../../src/base/clock.ts';

/** The machine's timers under a time of day that the test sets: `clock.time` is milliseconds since 1970. */
export function settableClock(time = Date.UTC(2030, 0, 1)): Clock & { time: number } {
  const clock = { ...systemClock, time, now: () => clock.time };
  return clock;
}
