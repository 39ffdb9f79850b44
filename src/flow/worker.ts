import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../log/logger.ts';
import type { RunQueue } from '../runs/queue.ts';
import type { Run } from '../runs/run.ts';
import { createFlight, type Flight, leaseLost, runCancelled, serviceStopping } from './flight.ts';

/** How often a worker looks without being woken: for cancels, and runs that another process put in the queue. */
const LOOK_EVERY_MS = 500;

/** What a worker does with one run; both resolve when the run has ended or was put back, and never reject. */
export type Executor = {
  execute(run: Run, flight: Flight): Promise<void>;
  /** Goes on with a run that a worker before this one had begun. */
  resume(run: Run, flight: Flight): Promise<void>;
  /** Ends a run that was called off before anybody claimed it. */
  dismiss(run: Run): Promise<void>;
};

/**
 * Claims runs while there is room and works on each to its end.
 *
 * `start` takes up the runs given to it (they count, even beyond `max`), then claims. `stop` claims no more, waits
 * up to `drainMs` for living runs, and leaves the rest in their containers for the next start to take up; once it has
 * resolved the queue is not asked any more, so that the database may be closed.
 */
export type Worker = {
  start(takenUp: readonly Run[]): void;
  wake(): void;
  stop(drainMs: number): Promise<void>;
  /** Runs that are worked on now. */
  active(): number;
};

type WorkerParts = {
  owner: string;
  max: number;
  /** How often leases are renewed. */
  renewMs: number;
  queue: RunQueue;
  executor: Executor;
  isReady: () => Promise<boolean>;
  clock: Clock;
  log: Logger;
};

type Flights = Map<string, { flight: Flight; done: Promise<void> }>;

/** `isReady` says whether the engine answers; while it does not, runs wait in the queue. */
export function createWorker(parts: WorkerParts): Worker {
  const flights: Flights = new Map();
  let timers: Timer[] = [];
  let looking: Promise<void> | undefined;
  let again = false;
  let stopping = false;
  let stopped = false;
  let renewing = Promise.resolve();

  const board = (run: Run, work: Executor['execute']): void => {
    const flight = createFlight();
    const done = work(run, flight).finally(() => {
      flights.delete(run.id);
      wake();
    });
    flights.set(run.id, { flight, done });
  };
  const look = async (): Promise<void> => {
    do {
      again = false;
      for (const [id, reason] of await parts.queue.cancels(parts.owner))
        flights.get(id)?.flight.cancellation.cancel(runCancelled(reason));
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
    if (stopped) return;
    again = true;
    looking ??= look()
      .catch((error: unknown) => parts.log.error({ err: error }, 'the queue could not be read'))
      .finally(() => {
        looking = undefined;
      });
  };
  const renew = async (): Promise<void> => {
    renewing = renewLeases(parts, flights);
    await renewing;
  };
  return {
    start(takenUp) {
      for (const run of takenUp) board(run, parts.executor.resume);
      timers = [parts.clock.every(LOOK_EVERY_MS, wake), parts.clock.every(parts.renewMs, renew)];
      wake();
    },
    wake,
    async stop(drainMs) {
      stopping = true;
      await looking;
      const living = Promise.all([...flights.values()].map(({ done }) => done));
      const drained = new AbortController();
      const waited = parts.clock.sleep(drainMs, drained.signal).catch(() => undefined);
      await Promise.race([living, waited]);
      drained.abort();
      for (const timer of timers) timer.stop();
      for (const { flight } of flights.values()) flight.detach.cancel(serviceStopping());
      await living;
      stopped = true;
      await Promise.all([looking, renewing]);
    },
    active: () => flights.size,
  };
}

/** Keeps what this worker holds; a run that it holds no more is let go. */
async function renewLeases({ queue, owner, log }: WorkerParts, flights: Flights): Promise<void> {
  try {
    const held = await queue.renew(owner);
    for (const [id, { flight }] of flights) if (!held.has(id)) flight.detach.cancel(leaseLost(id));
  } catch (error) {
    log.error({ err: error }, 'leases could not be renewed');
  }
}
