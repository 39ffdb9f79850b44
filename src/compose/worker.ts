import type { Config } from '../config/config.ts';
import type { LogDestination } from '../log/logger.ts';
import { type Resources, type Undo, withResources } from './resources.ts';
import { composeRunner } from './runner.ts';

/** A living worker without listeners: what it is called, and how it ends. */
export type WorkerApp = {
  installation: string;
  /** As `App.stop`. */
  stop(drainMs: number): Promise<void>;
};

/** Starts a worker beside others on one PostgreSQL. Throws `service_already_running` when another process has its VAR_DIR, `secrets_inside_workspaces`, and the database's codes; then nothing is left open. */
export async function startWorkerApp(config: Config, destination?: LogDestination): Promise<WorkerApp> {
  return await withResources(config, destination, startWork);
}

async function startWork(resources: Resources, undo: Undo): Promise<WorkerApp> {
  const { policy, log, db } = resources;
  await resources.apps.check();
  policy.load();
  undo.push(policy.close, resources.apps.stop);
  const work = composeRunner(resources);
  undo.push(work.stop);
  policy.watch(async () => undefined);
  await work.grants.start();
  await work.worker.start();
  log.info({ installation: db.installation, capacity: resources.config.maxConcurrentRuns }, 'working');
  return {
    installation: db.installation,
    async stop(drainMs) {
      await work.worker.stop(drainMs);
      for (const step of undo.reverse()) await step();
      log.info('stopped');
    },
  };
}
