import { type Clock, systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { readAdminToken } from '../credentials/admin-token.ts';
import type { AppSecret } from '../credentials/github-app/record.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import { createAdmission } from '../flow/admission/admit.ts';
import { createDispatcher, type Dispatcher } from '../flow/admission/dispatcher.ts';
import { appSecretOf } from '../flow/github/github-credential.ts';
import { type AdminRoutes, startAdminServer } from '../http/admin-server.ts';
import { createAppRouter } from '../http/app-routes.ts';
import { createHealthRouter, type ReadyCheck } from '../http/health-routes.ts';
import type { Listener } from '../http/listen.ts';
import { createLogin, type Login } from '../http/login.ts';
import { startPublicServer } from '../http/public-server.ts';
import { createWebhookHandler } from '../ingress/webhook-route.ts';
import type { LogDestination, Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';
import { createRegistry, type Registry } from '../profiles/read/registry.ts';
import { RUNS_CHANNEL, type RunStore } from '../runs/store/run-store.ts';
import { composeAdminApi, composeDashboard } from './admin.ts';
import { composeSigners } from './apps.ts';
import { profileChecks } from './host.ts';
import { composeRedelivery } from './maintenance.ts';
import { openResources, type Resources } from './resources.ts';
import { composeRunner, type Work } from './runner.ts';

/** A started service: where it listens, what it has stored, and how it ends. */
export type App = {
  url: string;
  /** Where the admin listener is reached. */
  adminUrl: string;
  /** What names this installation's containers on an engine shared with others. */
  installation: string;
  deliveries: DeliveryStore;
  runs: RunStore;
  /** Starts no more runs, waits up to `drainMs` for active ones while deliveries are still accepted, and leaves the rest in their containers. Only the first call counts. */
  stop(drainMs: number): Promise<void>;
};

/** The channel of notices that a delivery was stored. */
const DELIVERIES_CHANNEL = 'deliveries';

/** Starts the service. Throws `service_already_running`, `profiles_invalid`, `secrets_inside_workspaces`, `listen_failed`, and the codes of the admin's token and of the database; then nothing is left open. */
export async function startApp(config: Config, destination?: LogDestination): Promise<App> {
  await using disposables = new AsyncDisposableStack();
  const resources = await openResources(config, destination, disposables);
  const { db, deliveries, runs, redactor, log } = resources;
  await resources.apps.check();
  const registry = await readRules(resources, disposables);
  const { work, dispatcher, onStored } = composeParts(resources, registry, disposables);
  const { worker, reporter, publisher, retention, checks } = work;
  const server = await startPublicServer({
    host: config.host,
    port: config.port,
    webhook: createWebhookHandler({
      signersFor: composeSigners(config, resources.apps),
      deliveries,
      log,
      clock,
      onStored,
      canAccept: resources.disk.canAccept,
    }),
    log,
    clock,
  });
  disposables.defer(server.close);
  const appPages = createAppRouter({ flow: resources.apps.flow, log });
  const appRoutes = { path: '/apps', router: appPages, open: true };
  const redelivery = composeRedelivery(resources, registry.current);
  if (redelivery) disposables.defer(redelivery.stop);
  const api = composeAdminApi(resources, { retention, redelivery }, dispatcher.wake);
  const admin = await composeAdmin({
    config,
    redactor,
    log,
    clock,
    checks,
    routesFor: (login) => [appRoutes, composeDashboard(resources, login), api],
  });
  disposables.defer(admin.close);
  resources.apps.start(() => appSecretsOf(registry));
  registry.watch();
  resources.policy.watch(registry.reload);
  await work.grants.start();
  await worker.start();
  dispatcher.start();
  reporter.start();
  publisher.start();
  // Stopped first, in this order: the public listener, then what works on deliveries, then what reports.
  for (const step of [reporter.stop, dispatcher.stop, server.close]) disposables.defer(step);
  const started = disposables.move();
  log.info({ url: server.url, admin: admin.url, installation: db.installation }, 'receiving webhooks');
  return {
    url: server.url,
    adminUrl: admin.url,
    installation: db.installation,
    deliveries,
    runs,
    async stop(drainMs) {
      if (started.disposed) return;
      started.defer(async () => await worker.stop(drainMs));
      await started.disposeAsync();
      log.info('stopped');
    },
  };
}

/** The secrets whose Apps profiles name. */
function appSecretsOf(registry: Registry): AppSecret[] {
  return [...new Set(registry.current().candidates.map(({ profile }) => profile))].flatMap((profile) => {
    const { appSecret } = appSecretOf(profile);
    return appSecret ? [appSecret] : [];
  });
}

/** The policy, then the profiles that keep to it; a changed policy has the profiles read again. */
async function readRules(
  { config, policy, log }: Resources,
  disposables: AsyncDisposableStack,
): Promise<Registry> {
  policy.load();
  const checks = profileChecks(config, policy.current);
  const registry = createRegistry({ dir: config.profilesDir, checks, log, clock });
  await registry.load();
  disposables.defer(registry.close);
  return registry;
}

/** What works on runs, and what decides deliveries before it. */
type ServiceParts = {
  work: Work;
  dispatcher: Dispatcher;
  /** A delivery was stored here. */
  onStored: () => void;
};

/** Builds what decides deliveries and what works on runs, over these resources. */
function composeParts(
  resources: Resources,
  registry: Registry,
  disposables: AsyncDisposableStack,
): ServiceParts {
  const { config, db, deliveries, runs, reports, apps, crashPoint, log } = resources;
  const work = composeRunner(resources, disposables);
  const { lookups, own, marks } = work.reporting;
  const admission = createAdmission({
    db,
    deliveries,
    runs,
    reports,
    registry,
    apps,
    lookups,
    own,
    marks,
    limits: config.admission,
    defaultTimeoutSec: config.run.timeoutSec,
    crashPoint,
    log,
    onReport: work.reporter.wake,
    clock,
  });
  const onRun = (): void => {
    work.worker.wake();
    void db.notify(RUNS_CHANNEL, '');
  };
  const dispatcher = createDispatcher({ admission, deliveries, clock, log, onRun });
  disposables.defer(db.listen(DELIVERIES_CHANNEL, dispatcher.wake));
  return {
    work,
    dispatcher,
    // With SQLite this wakes the dispatcher at once; with PostgreSQL those of other services, too.
    onStored: () => void db.notify(DELIVERIES_CHANNEL, ''),
  };
}

/** Opens the admin listener: health and readiness for all, `routesFor` what else there is, given the admin's login. Throws the codes of the token and `listen_failed`. */
async function composeAdmin(parts: {
  config: Config;
  redactor: Redactor;
  log: Logger;
  clock: Clock;
  checks: readonly ReadyCheck[];
  routesFor: (login: Login) => readonly AdminRoutes[];
}): Promise<Listener> {
  const { config, redactor, log, clock, checks, routesFor } = parts;
  const token = (await readAdminToken(config.secretsDir)).reveal();
  redactor.add(token);
  const login = createLogin(token, clock);
  return await startAdminServer({
    host: config.adminHost,
    port: config.adminPort,
    login,
    hosts: config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname],
    routers: [{ path: '/', router: createHealthRouter(checks, clock), open: true }, ...routesFor(login)],
    log,
    clock,
  });
}
