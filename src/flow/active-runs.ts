import { type Cancellation, createCancellation } from '../base/cancel.ts';
import type { FlowError } from '../base/errors.ts';
import type { ClaimedRun } from '../runs/run.ts';
import { leaseLost } from './errors.ts';

/** A run that a worker works on. `cancellation` ends the run, `detach` ends only the work of this process on it. */
export type ActiveRun = {
  cancellation: Cancellation;
  detach: Cancellation;
  /** For a resumed run: resolves when it is known whether the run goes on or is requeued. */
  decided: PromiseWithResolvers<void>;
};

/** Creates an active run that nobody has cancelled yet. */
function createActiveRun(): ActiveRun {
  return {
    cancellation: createCancellation(),
    detach: createCancellation(),
    decided: Promise.withResolvers<void>(),
  };
}

/** Aborts when either is cancelled. */
export function activeRunSignal(active: ActiveRun): AbortSignal {
  return AbortSignal.any([active.cancellation.signal, active.detach.signal]);
}

/** The runs that a worker works on, by id. */
export type ActiveRuns = {
  /** Calls `work`, after an earlier attempt of the same run was detached and has ended. Resolves when the run is decided or the work ends. */
  add<One extends ClaimedRun>(run: One, work: (run: One, active: ActiveRun) => Promise<void>): Promise<void>;
  ids(): string[];
  /** Cancels one run, or all. */
  cancel(cause: FlowError, id?: string): void;
  /** Ends this process's work on one run, or on all; the runs go on. */
  detach(cause: FlowError, id?: string): void;
  /** Resolves when the work on all current runs has ended. */
  settled(): Promise<void>;
  size(): number;
};

/** Creates an empty registry; `onFinished` runs each time the work on a run ends. */
export function createActiveRuns(onFinished: () => void): ActiveRuns {
  const byRun = new Map<string, { active: ActiveRun; done: Promise<void> }>();
  const each = (id: string | undefined, act: (active: ActiveRun) => void): void => {
    const wanted = id === undefined ? [...byRun.values()] : [byRun.get(id)];
    for (const one of wanted) if (one) act(one.active);
  };
  return {
    async add(run, work) {
      const before = byRun.get(run.id);
      const own = { active: createActiveRun(), done: Promise.resolve() };
      const finish = async (): Promise<void> => {
        before?.active.detach.cancel(leaseLost(run.id));
        await before?.done;
        await work(run, own.active);
        if (byRun.get(run.id) === own) byRun.delete(run.id);
        onFinished();
      };
      byRun.set(run.id, own);
      own.done = finish();
      await Promise.race([own.active.decided.promise, own.done]);
    },
    ids: () => [...byRun.keys()],
    cancel: (cause, id) => each(id, ({ cancellation }) => cancellation.cancel(cause)),
    detach: (cause, id) => each(id, ({ detach }) => detach.cancel(cause)),
    async settled() {
      await Promise.all([...byRun.values()].map(({ done }) => done));
    },
    size: () => byRun.size,
  };
}
