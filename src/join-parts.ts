import { join } from 'node:path';
import { mountHost, permissionAsker, planDefaults } from './assembly.ts';
import { systemClock as clock } from './base/clock.ts';
import { randomId } from './base/ids.ts';
import type { Config } from './config/config.ts';
import { createEngine } from './containers/docker.ts';
import type { Db } from './db/open.ts';
import type { DeliveryStore } from './deliveries/delivery-store.ts';
import { EGRESS_LIMITS } from './egress/limits.ts';
import { systemResolve } from './egress/resolve.ts';
import { createEgress, type Egress } from './egress/sockets.ts';
import { readUpstream, type Upstream } from './egress/upstream.ts';
import { createReporter, type Reporter } from './feedback/reporter.ts';
import { createAdmission } from './flow/admit.ts';
import { type Admitter, createAdmitter } from './flow/admitter.ts';
import type { CodexRefresh } from './flow/codex-refresh.ts';
import { createEngineWatch, type EngineWatch } from './flow/engine-watch.ts';
import { createExecutor } from './flow/executor.ts';
import { type Directories, runFilesHome } from './flow/places.ts';
import { startSweeping } from './flow/sweep.ts';
import { createWorker, type Worker } from './flow/worker.ts';
import type { AdminRoutes } from './http/admin-server.ts';
import type { ReadyCheck } from './http/health-routes.ts';
import { joinCodex } from './join-codex.ts';
import { type JoinedGrants, joinGrants } from './join-grants.ts';
import type { Logger } from './log/logger.ts';
import type { Redactor } from './log/redact.ts';
import type { PolicyKeeper } from './policy/keeper.ts';
import type { Registry } from './profiles/registry.ts';
import type { RunQueue } from './runs/queue.ts';
import type { ReportStore } from './runs/report-store.ts';
import type { RunStore } from './runs/run-store.ts';
import { gitHostEnvironment } from './workspaces/git.ts';
import { createMirrors, type Mirrors } from './workspaces/mirror.ts';

/** A worker that has not renewed its lease for this long is taken for dead. */
export const LEASE_MS = 60_000;

/** What `/readyz` says while no container can be started. */
const ENGINE_SILENT = 'The Docker Engine does not answer: deliveries are accepted, and runs wait.';

/** What every part stands on. */
export type Ground = {
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

/** The parts that `app` starts and stops. */
export type Joined = {
  worker: Worker;
  admitter: Admitter;
  reporter: Reporter;
  egress: Egress;
  grants: JoinedGrants;
  codexRefresh: CodexRefresh;
  stopSweeping: () => Promise<void>;
  /** What `/readyz` looks at. */
  checks: readonly ReadyCheck[];
  /** What the admin listener has besides health. */
  adminRoutes: readonly AdminRoutes[];
  takeUp: () => Promise<Awaited<ReturnType<RunQueue['takeOver']>>>;
};

/** Builds what works on runs, over the ground that is there. */
export function joinParts(ground: Ground, registry: Registry): Joined {
  const { config, db, redactor, log, runs, queue } = ground;
  const owner = randomId(12);
  const engine = createEngine({ dockerHost: config.dockerHost, clock });
  const engineWatch = createEngineWatch({ engine, clock, log });
  const directories = { ...config, installation: db.installation };
  const grants = joinGrants({ ...ground, directories });
  const reporter = createReporter({
    ...ground,
    clock,
    clientFor: async (run) =>
      grants.clientFor(JSON.parse(await runs.profileJson(run.id)), run.repository, 'report'),
    mask: redactor.mask,
  });
  const egress = egressOf(ground, directories);
  const codexRefresh = joinCodex({ ...ground, engine, engineWatch });
  const executor = createExecutor({
    ...ground,
    ...config,
    codexRefresh,
    engine,
    engineWatch,
    reporter,
    directories,
    mirrors: mirrorsOf(ground, grants),
    mountHost: mountHost(config, ground.policy.current),
    defaults: planDefaults(config),
    serverUrl: config.githubServerUrl,
    egress,
    privateHosts: () => ground.policy.current().privateHosts,
    ...grants,
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
  const admission = createAdmission({
    ...ground,
    registry,
    askPermission: permissionAsker(grants.clientFor),
    clock,
  });
  return {
    worker,
    admitter: createAdmitter({ ...ground, admission, clock, onRun: worker.wake }),
    reporter,
    egress,
    grants,
    codexRefresh,
    stopSweeping: startSweeping({ runs, engine, engineWatch, directories, clock, log }),
    checks: readyChecks(queue, engineWatch),
    adminRoutes: [],
    takeUp: async () => await queue.takeOver(owner),
  };
}

function mirrorsOf({ config, log, redactor }: Ground, grants: JoinedGrants): Mirrors {
  return createMirrors({
    dir: join(config.varDir, 'mirrors'),
    serverUrl: config.githubServerUrl,
    clock,
    log,
    redact: redactor.mask,
    hostEnv: gitHostEnvironment(config.environment),
    credentialEnv: grants.cloneEnvironment,
  });
}

function egressOf(ground: Ground, directories: Directories): Egress {
  return createEgress({
    dirOf: (runId) => join(runFilesHome(directories), runId, 'egress'),
    get privateHosts() {
      return ground.policy.current().privateHosts;
    },
    ...hostUpstream(ground),
    limits: EGRESS_LIMITS,
    resolve: systemResolve,
    clock,
    log: ground.log,
  });
}

function readyChecks(queue: RunQueue, engine: EngineWatch): ReadyCheck[] {
  return [
    { name: 'database', check: async () => void (await queue.waiting()) },
    { name: 'engine', check: async () => ((await engine.isReady()) ? undefined : ENGINE_SILENT) },
  ];
}

/** The proxy that this host reaches the internet through, if its environment names one. Its address may hold a password and is not logged. */
function hostUpstream({ config, log }: Ground): Upstream {
  const { upstream, isUnusable } = readUpstream(config.environment);
  if (isUnusable)
    log.warn('HTTPS_PROXY is no address of an HTTP proxy; runs with an allow list go out without it');
  return upstream;
}
