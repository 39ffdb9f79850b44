import type { Cancellation } from '../../base/cancel.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { GrowthLimit } from './growth.ts';

/**
 * Why a container that has not ended is no longer waited for; all but `left` stop it. `done`: the agent has reported its
 * end, and its process goes on.
 */
export type EndCause = 'deadline' | 'stall' | 'done' | 'cancel' | 'output_limit' | GrowthLimit | 'left';

/** A cause that a container is stopped for. */
export type StopCause = Exclude<EndCause, 'left'>;

/** What ends a run from outside. */
export type CauseOptions = {
  /** Milliseconds since 1970. */
  deadlineAt: number;
  cancellation: Cancellation;
  /** Aborts when the container is to go on without us: the service stops, and the next one resumes the run. */
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
  // By the monotonic clock: a change of the time of day neither ends a run nor prolongs it.
  const dueAt = clock.passed() + deadlineAt - clock.now();
  const schedule = (): void => {
    const leftMs = dueAt - clock.passed();
    timer = clock.after(Math.max(0, leftMs), () => (clock.passed() < dueAt ? schedule() : give('deadline')));
  };
  schedule();
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
