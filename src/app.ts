import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  createGitHubClients,
  mountHost,
  permissionAsker,
  planDefaults,
  policyPlace,
  profileChecks,
} from './assembly.ts';
import { systemClock as clock } from './base/clock.ts';
import { randomId } from './base/ids.ts';
import type { Config } from './config/config.ts';
import { createEngine } from './containers/docker.ts';
import { hostGitEnvironment } from './credentials/git-credential.ts';
import { insideWorkspaces } from './credentials/preflight.ts';
import { lockInstallation } from './db/lock.ts';
import { type Db, openDatabase } from './db/open.ts';
import { createDeliveryStore, type DeliveryStore } from './deliveries/delivery-store.ts';
import { hasUniqueBody, readEvent } from './events/from-delivery.ts';
import { createReporter, type Reporter } from './feedback/reporter.ts';
import { createAdmission } from './flow/admit.ts';
import { type Admitter, createAdmitter } from './flow/admitter.ts';
import { createEngineWatch } from './flow/engine-watch.ts';
import { createExecutor } from './flow/executor.ts';
import { createHeldSecrets } from './flow/held-secrets.ts';
import { startSweeping } from './flow/sweep.ts';
import { createWorker, type Worker } from './flow/worker.ts';
import { startPublicServer } from './http/public-server.ts';
import { createWebhookHandler } from './ingress/webhook-route.ts';
import { createLogger, type LogDestination, type Logger } from './log/logger.ts';
import { createRedactor, type Redactor } from './log/redact.ts';
import { createPolicyKeeper, type PolicyKeeper } from './policy/keeper.ts';
import { createRegistry, type Registry } from './profiles/registry.ts';
import { createRunQueue, type RunQueue } from './runs/queue.ts';
import { createReportStore, type ReportStore } from './runs/report-store.ts';
import { createRunStore, type RunStore } from './runs/run-store.ts';
import { gitHostEnvironment } from './workspaces/git.ts';
import { createMirrors } from './workspaces/mirror.ts';

/** A worker that has not renewed its lease for this long is taken for dead. */
const LEASE_MS = 60_000;

/** A living service: where it listens, what it has stored, and how it ends. */
export type App = {
  url: string;
  /** What names this installation's containers on an engine shared with others. */
  installation: string;
  deliveries: DeliveryStore;
  runs: RunStore;
  /** Starts no more runs, waits up to `drainMs` for living ones while deliveries are still accepted, and leaves the rest in their containers. Call it once. */
  stop(drainMs: number): Promise<void>;
};

/** Starts the service. Throws `service_already_running`, `profiles_invalid`, `secrets_inside_workspaces`, `listen_failed` and the database's codes; then nothing is left open. */
export async function startApp(config: Config, destination?: LogDestination): Promise<App> {
  await refuseMisplacedSecrets(config);
  mkdirSync(config.varDir, { recursive: true, mode: 0o700 });
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const lock = lockInstallation(join(config.varDir, 'github-flows.lock'));
    undo.push(lock.release);
    const db = await openDatabase({ file: join(config.varDir, 'github-flows.db') });
    undo.push(db.close);
    return await startParts(config, db, undo, destination);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

async function refuseMisplacedSecrets({ secretsDir, runDir, workspaceRoot }: Config): Promise<void> {
  const places = [
    { option: 'SECRETS_DIR', dir: secretsDir, workspaceRoot },
    { option: 'RUN_DIR', dir: runDir, workspaceRoot },
  ];
  for (const place of places) {
    const fault = await insideWorkspaces(place);
    if (fault) throw fault;
  }
}

/** What every part stands on. */
type Ground = {
  config: Config;
  db: Db;
  redactor: Redactor;
  log: Logger;
  deliveries: DeliveryStore;
  runs: RunStore;
  reports: ReportStore;
  queue: RunQueue;
  policy: PolicyKeeper;
};

async function startParts(
  config: Config,
  db: Db,
  undo: (() => Promise<void> | void)[],
  destination: LogDestination | undefined,
): Promise<App> {
  const redactor = createRedactor();
  const secrets = config.webhookSecrets.map((secret) => secret.reveal());
  for (const secret of secrets) redactor.add(secret);
  const log = createLogger({ level: config.logLevel, redactor, ...(destination ? { destination } : {}) });
  const deliveries = createDeliveryStore(db, clock);
  const runs = createRunStore(db, clock);
  const reports = createReportStore(db, clock);
  const ground: Ground = {
    config,
    db,
    redactor,
    log,
    deliveries,
    runs,
    reports,
    queue: createRunQueue(db, clock, LEASE_MS),
    policy: createPolicyKeeper({ place: policyPlace(config), log, clock }),
  };
  const registry = await readRules(ground, undo);
  const { worker, admitter, reporter, stopSweeping, takeUp } = joinParts(ground, registry);
  const server = await startPublicServer({
    host: config.host,
    port: config.port,
    webhook: createWebhookHandler({
      secrets,
      deliveries,
      log,
      clock,
      onStored: admitter.wake,
      readEvent,
      hasUniqueBody,
    }),
    log,
    clock,
  });
  registry.watch();
  ground.policy.watch(registry.reload);
  worker.start(await takeUp());
  admitter.start();
  reporter.start();
  log.info({ url: server.url, installation: db.installation }, 'receiving webhooks');
  return {
    url: server.url,
    installation: db.installation,
    deliveries,
    runs,
    async stop(drainMs) {
      await worker.stop(drainMs);
      await server.close();
      await admitter.stop();
      await reporter.stop();
      await stopSweeping();
      for (const step of undo.reverse()) await step();
      log.info('stopped');
    },
  };
}

/** The policy, then the profiles that keep to it; a changed policy has the profiles read again. */
async function readRules(
  { config, policy, log }: Ground,
  undo: (() => Promise<void> | void)[],
): Promise<Registry> {
  policy.load();
  undo.push(policy.close);
  const checks = profileChecks(config, policy.current);
  const registry = createRegistry({ dir: config.profilesDir, checks, log, clock });
  await registry.load();
  undo.push(registry.close);
  return registry;
}

type Joined = {
  worker: Worker;
  admitter: Admitter;
  reporter: Reporter;
  stopSweeping: () => Promise<void>;
  takeUp: () => Promise<Awaited<ReturnType<RunQueue['takeOver']>>>;
};

function joinParts(ground: Ground, registry: Registry): Joined {
  const { config, db, redactor, log, runs, queue } = ground;
  const owner = randomId(12);
  const engine = createEngine({ dockerHost: config.dockerHost, clock });
  const engineWatch = createEngineWatch({ engine, clock, log });
  const clients = createGitHubClients(config, { redactor, log });
  const directories = { ...config, installation: db.installation };
  const reporter = createReporter({
    ...ground,
    clock,
    clientFor: async (run) => clients(JSON.parse(await runs.profileJson(run.id))),
    mask: redactor.mask,
  });
  const executor = createExecutor({
    ...ground,
    ...config,
    engine,
    engineWatch,
    reporter,
    directories,
    mirrors: createMirrors({
      dir: join(config.varDir, 'mirrors'),
      serverUrl: config.githubServerUrl,
      clock,
      log,
      redact: redactor.mask,
      hostEnv: gitHostEnvironment(config.environment),
      credentialEnv: async ({ tokenFile = '' }) =>
        hostGitEnvironment({ tokenFile, serverUrl: config.githubServerUrl }),
    }),
    mountHost: mountHost(config, ground.policy.current),
    defaults: planDefaults(config),
    serverUrl: config.githubServerUrl,
    held: createHeldSecrets(),
    clock,
  });
  const worker = createWorker({
    owner,
    max: config.maxConcurrentRuns,
    renewMs: LEASE_MS / 4,
    queue,
    executor,
    isReady: engineWatch.isReady,
    clock,
    log,
  });
  const admission = createAdmission({ ...ground, registry, askPermission: permissionAsker(clients), clock });
  return {
    worker,
    admitter: createAdmitter({ ...ground, admission, clock, onRun: worker.wake }),
    reporter,
    stopSweeping: startSweeping({ runs, engine, engineWatch, directories, clock, log }),
    takeUp: async () => await queue.takeOver(owner),
  };
}
