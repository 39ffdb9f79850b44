import type { FlowError } from '../../base/errors.ts';
import type { Run } from '../../runs/run.ts';
import { createFlight, type Flight, leaseLost } from '../active-run.ts';

/** The runs that a worker has in its hands, by id. */
export type Flights = {
  /** Works on a run; one that it still has from an attempt before is let go first. Resolves when its work has decided, or is over. */
  board(run: Run, work: (run: Run, flight: Flight) => Promise<void>): Promise<void>;
  ids(): string[];
  /** Ends runs for a reason. */
  cancel(cause: FlowError, id?: string): void;
  /** Ends the work of this process on runs. */
  detach(cause: FlowError, id?: string): void;
  /** Resolves when none of those that are there now is worked on any more. */
  settled(): Promise<void>;
  size(): number;
};

/** None yet; `onLanded` is called whenever one is done. */
export function createFlights(onLanded: () => void): Flights {
  const aboard = new Map<string, { flight: Flight; done: Promise<void> }>();
  const each = (id: string | undefined, act: (flight: Flight) => void): void => {
    const wanted = id === undefined ? [...aboard.values()] : [aboard.get(id)];
    for (const one of wanted) if (one) act(one.flight);
  };
  return {
    async board(run, work) {
      const before = aboard.get(run.id);
      const own = { flight: createFlight(), done: Promise.resolve() };
      const fly = async (): Promise<void> => {
        before?.flight.detach.cancel(leaseLost(run.id));
        await before?.done;
        await work(run, own.flight);
        if (aboard.get(run.id) === own) aboard.delete(run.id);
        onLanded();
      };
      aboard.set(run.id, own);
      own.done = fly();
      await Promise.race([own.flight.decided.promise, own.done]);
    },
    ids: () => [...aboard.keys()],
    cancel: (cause, id) => each(id, ({ cancellation }) => cancellation.cancel(cause)),
    detach: (cause, id) => each(id, ({ detach }) => detach.cancel(cause)),
    async settled() {
      await Promise.all([...aboard.values()].map(({ done }) => done));
    },
    size: () => aboard.size,
  };
}
