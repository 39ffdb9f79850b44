import { systemClock as clock } from '../base/clock.ts';
import { createAdmission } from '../flow/admission/admit.ts';
import { createDispatcher, type Dispatcher } from '../flow/admission/dispatcher.ts';
import type { Registry } from '../profiles/read/registry.ts';
import { RUNS_CHANNEL } from '../runs/store/run-store.ts';
import type { Resources } from './resources.ts';
import { composeRunner, type Work } from './runner.ts';

/** Tells that a delivery was stored. */
const DELIVERIES_CHANNEL = 'deliveries';

/** The parts that `app` starts and stops. */
export type ServiceParts = Work & {
  dispatcher: Dispatcher;
  /** A delivery was stored here. */
  onStored: () => void;
};

/** Builds what decides deliveries and what works on runs, over these resources. */
export function composeParts(
  resources: Resources,
  registry: Registry,
  disposables: AsyncDisposableStack,
): ServiceParts {
  const work = composeRunner(resources, disposables);
  const admission = createAdmission({
    ...resources,
    ...work.talk,
    registry,
    limits: resources.config.admission,
    defaultTimeoutSec: resources.config.run.timeoutSec,
    onReport: work.reporter.wake,
    clock,
  });
  const onRun = (): void => {
    work.worker.wake();
    void resources.db.notify(RUNS_CHANNEL, '');
  };
  const dispatcher = createDispatcher({ ...resources, admission, clock, onRun });
  disposables.defer(resources.db.listen(DELIVERIES_CHANNEL, dispatcher.wake));
  return {
    ...work,
    dispatcher,
    // With SQLite this wakes the dispatcher at once; with PostgreSQL those of other services, too.
    onStored: () => void resources.db.notify(DELIVERIES_CHANNEL, ''),
  };
}
