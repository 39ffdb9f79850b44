import type { Clock, Timer } from '../../base/clock.ts';

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
