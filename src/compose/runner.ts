import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import { createEngine, type Engine } from '../containers/engine/docker.ts';
import { programVersion } from '../db/program-version.ts';
import { EGRESS_LIMITS } from '../egress/limits.ts';
import { systemResolve } from '../egress/proxy/resolve.ts';
import { createEgress, type Egress } from '../egress/proxy/sockets.ts';
import { readUpstream, type Upstream } from '../egress/proxy/upstream.ts';
import type { Reporter } from '../feedback/reporter.ts';
import { createEngineWatch, type EngineWatch, noteEngine } from '../flow/engine/engine-health.ts';
import { type Directories, runFilesHome } from '../flow/paths.ts';
import type { Publisher } from '../flow/publishing/publisher.ts';
import { createHost } from '../flow/worker/host-identity.ts';
import { startSweeping } from '../flow/worker/sweep.ts';
import { createWorker, type Worker, type WorkerParts } from '../flow/worker/worker.ts';
import type { ReadyCheck } from '../http/health-routes.ts';
import type { Retention } from '../maintenance/retention.ts';
import { RUNS_CHANNEL } from '../runs/store/run-store.ts';
import { gitHostEnvironment } from '../workspaces/git.ts';
import { createMirrors, type Mirrors } from '../workspaces/mirrors/mirror.ts';
import { composeRenewals } from './agents.ts';
import { type ComposedGrants, composeGrants } from './credentials.ts';
import { composeExecutor } from './executor.ts';
import { composeRetention } from './maintenance.ts';
import { composeOrigin } from './origin.ts';
import { composePublishing, composeReporting, type Reporting } from './reporting.ts';
import type { Resources } from './resources.ts';

/** The message of `/readyz` while no container can be started. */
const ENGINE_SILENT = 'The Docker Engine does not answer: deliveries are accepted, and runs wait.';

/** How often a worker looks at the queue without a notice, in milliseconds. PostgreSQL notifies it of what other processes queue. */
const LOOK_MS = { sqlite: 200, postgres: 500 };

/** The parts that work on runs, with or without the listeners beside them. */
export type Work = {
  worker: Worker;
  publisher: Publisher;
  reporter: Reporter;
  reporting: Reporting;
  grants: ComposedGrants;
  retention: Retention;
  /** What `/readyz` looks at. */
  checks: readonly ReadyCheck[];
};

/** Builds what works on runs, over these resources; `disposables` ends what looks for itself, once the worker has stopped. */
export function composeRunner(resources: Resources, disposables: AsyncDisposableStack): Work {
  const { config, db, runs, deliveries, reports, apps, crashPoint, redactor, log } = resources;
  const { varDir, runDir, workspaceRoot } = config;
  const engine = createEngine({ dockerHost: config.dockerHost, clock });
  const host = createHost({ varDir, engine, clock });
  const engineWatch = watchEngine(resources, engine, host.forget);
  const directories = { varDir, runDir, workspaceRoot, installation: db.installation };
  const grants = composeGrants({ config, tokens: apps.tokens, directories, runs, redactor, log });
  disposables.defer(grants.stop);
  const mirrors = mirrorsOf(resources, grants);
  const origin = composeOrigin({ config, redactor, grants, mirrors });
  const reporting = composeReporting(resources, grants.clientFor, origin);
  const egress = egressOf(resources, directories);
  disposables.defer(egress.closeAll);
  const { renewals, stop: stopRenewals } = composeRenewals({
    config,
    db,
    redactor,
    log,
    engine,
    engineWatch,
  });
  disposables.defer(stopRenewals);
  const publisher = composePublishing({
    config,
    db,
    runs,
    reports,
    deliveries,
    directories,
    host,
    reporting,
    grants,
    mirrors,
    redactor,
    log,
  });
  disposables.defer(publisher.stop);
  const executor = composeExecutor(resources, {
    engine,
    engineWatch,
    directories,
    grants,
    mirrors,
    reporting,
    egress,
    renewals,
    publisher,
  });
  const worker = workerOf(resources, { host, executor, engineWatch });
  const retention = composeRetention(resources);
  disposables.defer(retention.stop);
  disposables.defer(startSweeping({ runs, engine, engineWatch, directories, crashPoint, clock, log }));
  disposables.defer(db.listen(RUNS_CHANNEL, worker.wake));
  return {
    worker,
    publisher,
    reporter: reporting.reporter,
    reporting,
    grants,
    retention,
    checks: readyChecks(resources, engineWatch),
  };
}

/** Claims runs while the disk and the engine are ready for them. */
function workerOf(
  { config, db, times, suspicion, queue, leases, workers, disk, crashPoint, log }: Resources,
  { host, executor, engineWatch }: Pick<WorkerParts, 'host' | 'executor'> & { engineWatch: EngineWatch },
): Worker {
  return createWorker({
    id: randomId(12),
    name: hostname(),
    version: programVersion(),
    capacity: config.maxConcurrentRuns,
    times,
    suspicion,
    lookMs: LOOK_MS[db.kind],
    queue,
    leases,
    workers,
    host,
    executor,
    isReady: async () => (await disk.canClaim()) && (await engineWatch.isReady()),
    crashPoint,
    clock,
    log,
  });
}

/** Says in the log what is not as usual of the engine, once it answers. */
function watchEngine({ config, log }: Resources, engine: Engine, onAway: () => void): EngineWatch {
  const onMet = async (): Promise<void> => await noteEngine({ engine, log, runAs: config.runAs });
  return createEngineWatch({ engine, clock, log, onAway, onMet });
}

function mirrorsOf({ config, log, redactor }: Resources, grants: ComposedGrants): Mirrors {
  return createMirrors({
    dir: join(config.varDir, 'mirrors'),
    limits: config.repositoryLimits,
    serverUrl: config.githubServerUrl,
    clock,
    log,
    redact: redactor.mask,
    hostEnv: gitHostEnvironment(config.environment),
    credentialEnv: grants.cloneEnvironment,
    releaseCredential: grants.releaseGitEnvironment,
    young: { isYoung: grants.isCloneTokenYoung, clock },
  });
}

function egressOf(resources: Resources, directories: Directories): Egress {
  return createEgress({
    dirOf: (runId) => join(runFilesHome(directories), runId, 'egress'),
    get privateHosts() {
      return resources.policy.current().privateHosts;
    },
    ...hostUpstream(resources),
    limits: EGRESS_LIMITS,
    resolve: systemResolve,
    clock,
    log: resources.log,
  });
}

/** A service that leaves the work to others needs no engine. */
function readyChecks({ config, queue, disk }: Resources, engine: EngineWatch): ReadyCheck[] {
  const check = async () => ((await engine.isReady()) ? undefined : ENGINE_SILENT);
  return [
    { name: 'database', check: async () => void (await queue.waiting()) },
    ...(config.maxConcurrentRuns === 0 ? [] : [{ name: 'engine', check }]),
    { name: 'disk', check: async () => (await disk.state()).message ?? undefined },
  ];
}

/** The proxy that this host reaches the internet through, if its environment names one. Its address may hold a password and is not logged. */
function hostUpstream({ config, log }: Resources): Upstream {
  const { upstream, isUnusable } = readUpstream(config.environment);
  if (isUnusable)
    log.warn('HTTPS_PROXY is no address of an HTTP proxy, runs with an allow list go out without it');
  return upstream;
}
