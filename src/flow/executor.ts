import { asFlowError } from '../base/errors.ts';
import type { Run } from '../runs/run.ts';
import { dismiss } from './conclude.ts';
import { execute, type LifeParts, resume } from './execute.ts';
import type { Flight } from './flight.ts';
import type { Executor } from './worker.ts';

/** How long after a fault of our own a run is taken up again. */
const AGAIN_MS = 2_000;

/** Lives of runs that never reject: after a fault of the database or the engine a run is taken up where it is. */
export function createExecutor(parts: LifeParts): Executor {
  const persist = async (run: Run, flight: Flight, work: typeof execute): Promise<void> => {
    try {
      await work(parts, run, flight);
    } catch (error) {
      if (flight.detach.cause || asFlowError(error).code === 'lease_lost') return;
      parts.log.error(
        { err: error, run: run.id, state: run.state },
        'work on a run broke off and is taken up again',
      );
      await parts.clock.sleep(AGAIN_MS, flight.detach.signal).catch(() => undefined);
      const now = await parts.runs.find(run.id).catch(() => run);
      if (!flight.detach.cause && now && now.state !== 'ended' && now.state !== 'queued')
        await persist(now, flight, resume);
    }
  };
  return {
    execute: async (run, flight) => await persist(run, flight, execute),
    resume: async (run, flight) => await persist(run, flight, resume),
    dismiss: async (run) => await dismiss(parts, run),
  };
}
