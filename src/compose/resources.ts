import { join } from 'node:path';
import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { makeVarDir, refuseTakenRunDir } from '../config/directories.ts';
import { createTokenRecords } from '../credentials/github-app/token-records.ts';
import { insideWorkspaces } from '../credentials/inject/preflight.ts';
import { lockInstallation } from '../db/lock.ts';
import { type Db, openDatabase } from '../db/open.ts';
import { createDeliveryStore, type DeliveryStore } from '../deliveries/delivery-store.ts';
import { type CrashPoint, createCrashPoint } from '../flow/crash-points.ts';
import { maskedReports, maskedRuns } from '../flow/credentials/masked-stores.ts';
import { watchBrokenOff } from '../flow/worker/broken-off.ts';
import { type LeaseTimes, leaseTimes } from '../flow/worker/lease-renewer.ts';
import { createLogger, type LogDestination, type Logger } from '../log/logger.ts';
import { createRedactor, type Redactor } from '../log/redact.ts';
import { createDiskWatch, type DiskWatch } from '../maintenance/disk-watch.ts';
import { createPolicyWatcher, type PolicyWatcher } from '../policy/watcher.ts';
import { holdHelper } from '../programs/exec.ts';
import { createReportStore, type ReportStore } from '../runs/outbox/report-store.ts';
import { createLeases, type Leases } from '../runs/queue/leases.ts';
import { createRunQueue, type RunQueue } from '../runs/queue/queue.ts';
import { createWorkerStore, type WorkerStore } from '../runs/queue/worker-store.ts';
import { createRunStore, type RunStore } from '../runs/store/run-store.ts';
import { type ComposedApps, composeApps } from './apps.ts';
import { databasePlace, databaseSecrets, policySource } from './host.ts';

/** What every part of a service or worker is built from. */
export type Resources = {
  config: Config;
  db: Db;
  redactor: Redactor;
  log: Logger;
  deliveries: DeliveryStore;
  runs: RunStore;
  reports: ReportStore;
  queue: RunQueue;
  leases: Leases;
  workers: WorkerStore;
  times: LeaseTimes;
  /** How much the end of the service before this one speaks against the runs that it had. */
  suspicion: number;
  policy: PolicyWatcher;
  apps: ComposedApps;
  disk: DiskWatch;
  crashPoint: CrashPoint;
};

/**
 * Takes VAR_DIR and opens the database; `disposables` closes both. Throws `service_already_running`,
 * `secrets_inside_workspaces`, `run_dir_taken`, `var_dir_unusable`, and the database's codes.
 */
export async function openResources(
  config: Config,
  destination: LogDestination | undefined,
  disposables: AsyncDisposableStack,
): Promise<Resources> {
  await refuseMisplacedSecrets(config);
  makeVarDir(config.varDir);
  // One process a VAR_DIR, whatever the database: what is in it belongs to the runs of this host.
  disposables.defer(lockInstallation(join(config.varDir, 'github-flows.lock')).release);
  disposables.defer(holdHelper());
  const db = await openDatabase(databasePlace(config));
  disposables.defer(db.close);
  const redactor = createRedactor();
  const secrets = [...config.webhookSecrets.map((secret) => secret.reveal()), ...databaseSecrets(config)];
  for (const secret of secrets) redactor.add(secret);
  const log = createLogger({ level: config.logLevel, redactor, ...(destination ? { destination } : {}) });
  const { suspicion, stop } = watchBrokenOff({ varDir: config.varDir, log });
  disposables.defer(stop);
  const resources = resourcesOver({ config, db, redactor, log, suspicion });
  disposables.defer(resources.apps.stop);
  disposables.defer(resources.policy.close);
  return resources;
}

function resourcesOver(
  parts: Pick<Resources, 'config' | 'db' | 'redactor' | 'log' | 'suspicion'>,
): Resources {
  const { config, db, redactor, log, suspicion } = parts;
  const times = leaseTimes(config);
  return {
    config,
    db,
    redactor,
    log,
    suspicion,
    deliveries: createDeliveryStore(db, clock),
    runs: maskedRuns(createRunStore(db, clock), redactor.mask),
    reports: maskedReports(createReportStore(db, clock), redactor.mask),
    queue: createRunQueue(db, clock, times.leaseMs, {
      perRepository: config.maxRunsPerRepository,
      perActor: config.maxRunsPerActor,
    }),
    leases: createLeases(db, clock, times.leaseMs),
    workers: createWorkerStore(db, clock, times.leaseMs),
    times,
    policy: createPolicyWatcher({ source: policySource(config), log, clock }),
    apps: composeApps({ config, redactor, log, records: createTokenRecords(db, redactor.mask) }),
    disk: createDiskWatch({
      places: [
        { option: 'VAR_DIR', path: config.varDir },
        { option: 'WORKSPACE_ROOT', path: config.workspaceRoot },
      ],
      ...config.maintenance.disk,
      clock,
      log,
    }),
    crashPoint: createCrashPoint(config.environment.GITHUB_FLOWS_CRASH_AT, () =>
      process.kill(process.pid, 'SIGKILL'),
    ),
  };
}

async function refuseMisplacedSecrets({ secretsDir, runDir, workspaceRoot }: Config): Promise<void> {
  const places = [
    { option: 'SECRETS_DIR', dir: secretsDir, workspaceRoot },
    { option: 'RUN_DIR', dir: runDir, workspaceRoot },
  ];
  for (const place of places) {
    const issue = await insideWorkspaces(place);
    if (issue) throw issue;
  }
  refuseTakenRunDir(runDir);
}
