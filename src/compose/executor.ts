import type { LoginRenewal } from '../agents/agent.ts';
import { systemClock as clock } from '../base/clock.ts';
import type { Engine } from '../containers/engine/docker.ts';
import type { Egress } from '../egress/proxy/sockets.ts';
import type { EngineWatch } from '../flow/engine/engine-health.ts';
import { createProgramCheck } from '../flow/engine/fit-image.ts';
import { createOutputShipper } from '../flow/output/ship-output.ts';
import type { Directories } from '../flow/paths.ts';
import type { Publisher } from '../flow/publishing/publisher.ts';
import { createExecutor } from '../flow/worker/executor.ts';
import type { Executor } from '../flow/worker/worker.ts';
import { createOutputStore } from '../runs/store/output-store.ts';
import type { Mirrors } from '../workspaces/mirrors/mirror.ts';
import { AGENTS } from './agents.ts';
import type { ComposedGrants } from './credentials.ts';
import { listsFor, mountHost, planDefaults } from './host.ts';
import type { Reporting } from './reporting.ts';
import type { Resources } from './resources.ts';

/** Builds what works on one run. */
export function composeExecutor(
  { config, db, runs, deliveries, reports, leases, policy, crashPoint, redactor, log }: Resources,
  parts: {
    engine: Engine;
    engineWatch: EngineWatch;
    directories: Directories;
    grants: ComposedGrants;
    mirrors: Mirrors;
    reporting: Reporting;
    egress: Egress;
    renewals: ReadonlyMap<string, LoginRenewal>;
    publisher: Publisher;
  },
): Executor {
  const { grants, reporting } = parts;
  return createExecutor({
    runs,
    deliveries,
    reports,
    leases,
    engine: parts.engine,
    engineWatch: parts.engineWatch,
    directories: parts.directories,
    mirrors: parts.mirrors,
    egress: parts.egress,
    agents: AGENTS,
    renewals: parts.renewals,
    publisher: parts.publisher,
    checkPrograms: createProgramCheck(),
    shipper: createOutputShipper({
      store: db.kind === 'postgres' ? createOutputStore(db) : undefined,
      clock,
      log,
    }),
    lookups: reporting.lookups,
    own: reporting.own,
    reporter: reporting.reporter,
    tokens: grants.tokens,
    secrets: grants.secrets,
    masked: grants.masked,
    renewer: grants.renewer,
    clientFor: grants.clientFor,
    committerFor: grants.committerFor,
    runtimeUrl: grants.runtimeUrl,
    defaults: planDefaults(config),
    preparing: config.preparing,
    repositoryLimits: config.repositoryLimits,
    keepFailedMs: config.keepFailedMs,
    serverUrl: config.githubServerUrl,
    hostLists: listsFor(config),
    mountHost: mountHost(config, policy.current),
    privateHosts: () => policy.current().privateHosts,
    crashPoint,
    redactor,
    clock,
    log,
  });
}
