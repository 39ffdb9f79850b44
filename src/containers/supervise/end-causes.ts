import type { Cancellation } from '../../base/cancel.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { GrowthLimit } from './growth.ts';

/**
 * Why a container that has not ended is no longer waited for; `left` is the only one that does not stop it. `done` is
 * an agent that has said so, and whose process does not end.
 */
export type EndCause = 'deadline' | 'stall' | 'done' | 'cancel' | 'output_limit' | GrowthLimit | 'left';

/** A cause that a container is stopped for. */
export type StopCause = Exclude<EndCause, 'left'>;

/** When a run is over from outside. */
export type CauseOptions = {
  /** Milliseconds since 1970. */
  deadlineAt: number;
  cancellation: Cancellation;
  /** Aborts when the container is to go on without us: the service stops, and the next one takes it up. */
  detach: AbortSignal;
  clock: Clock;
};

/** Takes causes; the first one given is the one that counts. */
export type EndCauses = {
  readonly first: Promise<EndCause>;
  give(cause: EndCause): void;
  stop(): void;
};

/** Waits for the deadline, a cancellation and a detachment; other causes are given by hand. */
export function collectCauses({ deadlineAt, cancellation, detach, clock }: CauseOptions): EndCauses {
  const { promise: first, resolve: give } = Promise.withResolvers<EndCause>();
  const over = new AbortController();
  const on = (signal: AbortSignal, cause: EndCause): void => {
    if (signal.aborted) give(cause);
    signal.addEventListener('abort', () => give(cause), { once: true, signal: over.signal });
  };
  let timer: Timer;
  // Counted from here on: a time of day that is moved meanwhile neither ends a run nor lets it go on.
  const dueAt = clock.passed() + deadlineAt - clock.now();
  const wind = (): void => {
    const leftMs = dueAt - clock.passed();
    timer = clock.after(Math.max(0, leftMs), () => (clock.passed() < dueAt ? wind() : give('deadline')));
  };
  wind();
  on(cancellation.signal, 'cancel');
  on(detach, 'left');
  return {
    first,
    give,
    stop() {
      timer.stop();
      over.abort();
    },
  };
}
