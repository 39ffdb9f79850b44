import { type Cancellation, createCancellation } from '../base/cancel.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { FlowError } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';
import type { RunQueue } from '../runs/queue.ts';
import type { Run } from '../runs/run.ts';

/** How often a worker looks without being woken: for cancels, and runs that another process put in the queue. */
const LOOK_EVERY_MS = 500;

/** What a worker does with one run; both resolve when the run has ended or was put back, and never reject. */
export type Executor = {
  execute(run: Run, cancellation: Cancellation): Promise<void>;
  /** Goes on with a run that a worker before this one had begun. */
  resume(run: Run, cancellation: Cancellation): Promise<void>;
  /** Ends a run that was called off before anybody claimed it. */
  dismiss(run: Run): Promise<void>;
};

/**
 * Claims runs while there is room and works on each to its end.
 *
 * `start` takes up the runs given to it (they count, even beyond `max`), then claims. `stop` claims no more, waits
 * up to `drainMs` for living runs, and leaves the rest in their containers for the next start to take up.
 */
export type Worker = {
  start(takenUp: readonly Run[]): void;
  wake(): void;
  stop(drainMs: number): Promise<void>;
  /** Runs that are worked on now. */
  active(): number;
};

/** `isReady` says whether the engine answers; while it does not, runs wait in the queue. */
export function createWorker(parts: {
  owner: string;
  max: number;
  queue: RunQueue;
  executor: Executor;
  isReady: () => Promise<boolean>;
  clock: Clock;
  log: Logger;
}): Worker {
  const flights = new Map<string, { cancellation: Cancellation; done: Promise<void> }>();
  let timer: Timer | undefined;
  let looking: Promise<void> | undefined;
  let again = false;
  let stopping = false;

  const board = (run: Run, work: Executor['execute']): void => {
    const cancellation = createCancellation();
    const done = work(run, cancellation).finally(() => {
      flights.delete(run.id);
      wake();
    });
    flights.set(run.id, { cancellation, done });
  };
  const look = async (): Promise<void> => {
    do {
      again = false;
      for (const [id, reason] of await parts.queue.cancels(parts.owner))
        flights.get(id)?.cancellation.cancel(runCancelled(reason));
      for (const run of await parts.queue.cancelledWaiting()) await parts.executor.dismiss(run);
      while (
        !stopping &&
        flights.size < parts.max &&
        (await parts.queue.waiting()) > 0 &&
        (await parts.isReady())
      ) {
        const run = await parts.queue.claim(parts.owner);
        if (!run) break;
        board(run, parts.executor.execute);
      }
    } while (again && !stopping);
  };
  const wake = (): void => {
    again = true;
    looking ??= look()
      .catch((error: unknown) => parts.log.error({ err: error }, 'the queue could not be read'))
      .finally(() => {
        looking = undefined;
      });
  };
  return {
    start(takenUp) {
      for (const run of takenUp) board(run, parts.executor.resume);
      timer = parts.clock.every(LOOK_EVERY_MS, wake);
      wake();
    },
    wake,
    async stop(drainMs) {
      stopping = true;
      await looking;
      const living = Promise.all([...flights.values()].map((flight) => flight.done));
      await Promise.race([living, parts.clock.sleep(drainMs)]);
      timer?.stop();
      for (const { cancellation } of flights.values()) cancellation.cancel(serviceStopping());
      await living;
    },
    active: () => flights.size,
  };
}

/** Why a run ends when somebody called it off. */
export function runCancelled(reason: string): FlowError {
  return new FlowError({
    code: 'run_cancelled',
    blame: 'sender',
    message: `The run was cancelled: ${reason}.`,
    mend: 'Start it again by the same comment when you want it after all.',
  });
}

/** Not an end of the run: the service stops, and the next start takes the run up where it is. */
export function serviceStopping(): FlowError {
  return new FlowError({
    code: 'service_stopping',
    blame: 'service',
    message: 'The service is stopping; the run goes on in its container.',
    mend: 'Start the service again: it takes the run up.',
  });
}
