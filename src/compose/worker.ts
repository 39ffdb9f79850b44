import type { Config } from '../config/config.ts';
import type { LogDestination } from '../log/logger.ts';
import { openResources } from './resources.ts';
import { composeRunner } from './runner.ts';

/** A started worker without listeners. */
type WorkerApp = {
  installation: string;
  /** As `App.stop`. */
  stop(drainMs: number): Promise<void>;
};

/** Starts a worker beside others on one PostgreSQL. Throws `service_already_running` when another process has its VAR_DIR, `secrets_inside_workspaces`, and the database's codes; then nothing is left open. */
export async function startWorkerApp(config: Config, destination?: LogDestination): Promise<WorkerApp> {
  await using disposables = new AsyncDisposableStack();
  const resources = await openResources(config, destination, disposables);
  const { policy, log, db } = resources;
  await resources.apps.check();
  policy.load();
  const work = composeRunner(resources, disposables);
  policy.watch(async () => undefined);
  await work.grants.start();
  await work.worker.start();
  log.info({ installation: db.installation, capacity: config.maxConcurrentRuns }, 'working');
  const started = disposables.move();
  return {
    installation: db.installation,
    async stop(drainMs) {
      if (started.disposed) return;
      started.defer(async () => await work.worker.stop(drainMs));
      await started.disposeAsync();
      log.info('stopped');
    },
  };
}
