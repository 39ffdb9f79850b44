import type { Config } from './config/config.ts';
import { type Ground, onGround, type Undo } from './ground.ts';
import { joinWork } from './join-work.ts';
import type { LogDestination } from './log/logger.ts';

/** A living worker without listeners: what it is called, and how it ends. */
export type WorkerApp = {
  installation: string;
  /** As `App.stop`. */
  stop(drainMs: number): Promise<void>;
};

/** Starts a worker beside others on one PostgreSQL. Throws `service_already_running` when another process has its VAR_DIR, `secrets_inside_workspaces`, and the database's codes; then nothing is left open. */
export async function startWorkerApp(config: Config, destination?: LogDestination): Promise<WorkerApp> {
  return await onGround(config, destination, startWork);
}

async function startWork(ground: Ground, undo: Undo): Promise<WorkerApp> {
  const { policy, log, db } = ground;
  await ground.apps.check();
  policy.load();
  undo.push(policy.close, ground.apps.stop);
  const work = joinWork(ground);
  undo.push(work.stop);
  policy.watch(async () => undefined);
  await work.grants.start();
  await work.worker.start();
  log.info({ installation: db.installation, capacity: ground.config.maxConcurrentRuns }, 'working');
  return {
    installation: db.installation,
    async stop(drainMs) {
      await work.worker.stop(drainMs);
      for (const step of undo.reverse()) await step();
      log.info('stopped');
    },
  };
}
