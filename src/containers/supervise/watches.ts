import type { Clock, Timer } from '../../base/clock.ts';

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

/** Watches the process of an agent that has reported that it is done. */
type LingerWatch = {
  /** Looks whether the agent is done; a turn that begins anew ends the watch. */
  look(): void;
  stop(): void;
};

/** Calls `onLate`, once, when `isDone` has been true for `graceMs`, whatever else the process prints meanwhile. */
export function watchLinger(options: {
  isDone: () => boolean;
  graceMs: number;
  onLate: () => void;
  clock: Clock;
}): LingerWatch {
  const { isDone, graceMs, onLate, clock } = options;
  let timer: Timer | undefined;
  const stop = (): void => {
    timer?.stop();
    timer = undefined;
  };
  return {
    look() {
      if (!isDone()) stop();
      else timer ??= clock.after(graceMs, onLate);
    },
    stop,
  };
}
