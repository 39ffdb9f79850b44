import type { Clock } from '../../base/clock.ts';

/** Watches for the time when a container has been silent for too long. */
type SilenceWatch = {
  heard(): void;
  stop(): void;
};

/** The shortest and longest time between two looks. */
const LOOK_MS = { least: 20, most: 1_000 };

/** Calls `onStall`, once, when `heard` has not been called for `stallMs`. */
export function watchSilence(options: { stallMs: number; onStall: () => void; clock: Clock }): SilenceWatch {
  const { clock, stallMs, onStall } = options;
  let heardAt = clock.passed();
  const everyMs = Math.max(LOOK_MS.least, Math.min(LOOK_MS.most, stallMs / 10));
  const timer = clock.every(everyMs, () => {
    if (clock.passed() - heardAt < stallMs) return;
    timer.stop();
    onStall();
  });
  return {
    heard() {
      heardAt = clock.passed();
    },
    stop: () => timer.stop(),
  };
}
