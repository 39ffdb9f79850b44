import type { Clock, Timer } from '../../base/clock.ts';

/** Watches an agent that has said that it is done, and whose process goes on. */
export type LingerWatch = {
  /** Looks whether the agent is done; a turn that begins anew ends the watch. */
  look(): void;
  stop(): void;
};

/** Calls `onLate`, once, when `isDone` has said yes for `graceMs`, whatever else the process prints meanwhile. */
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
