import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { AppSecret } from '../credentials/github-app/record.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import { hasUniqueBody, readEvent } from '../events/from-delivery.ts';
import { appSecretOf } from '../flow/github/github-credential.ts';
import { createAppRouter } from '../http/app-routes.ts';
import { startPublicServer } from '../http/public-server.ts';
import { createWebhookHandler } from '../ingress/webhook-route.ts';
import type { LogDestination } from '../log/logger.ts';
import { createRegistry, type Registry } from '../profiles/read/registry.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { composeAdmin } from './admin.ts';
import { composeAdminApi } from './admin-api.ts';
import { composeDashboard } from './dashboard.ts';
import { profileChecks } from './host.ts';
import { composeRecovery } from './maintenance.ts';
import { composeParts } from './parts.ts';
import { type Resources, type Undo, withResources } from './resources.ts';
import { composeSigners } from './signers.ts';

/** A living service: where it listens, what it has stored, and how it ends. */
export type App = {
  url: string;
  /** Where the admin listener is reached. */
  adminUrl: string;
  /** What names this installation's containers on an engine shared with others. */
  installation: string;
  deliveries: DeliveryStore;
  runs: RunStore;
  /** Starts no more runs, waits up to `drainMs` for living ones while deliveries are still accepted, and leaves the rest in their containers. Call it once. */
  stop(drainMs: number): Promise<void>;
};

/** Starts the service. Throws `service_already_running`, `profiles_invalid`, `secrets_inside_workspaces`, `listen_failed`, and the codes of the admin's token and of the database; then nothing is left open. */
export async function startApp(config: Config, destination?: LogDestination): Promise<App> {
  return await withResources(config, destination, startParts);
}

async function startParts(resources: Resources, undo: Undo): Promise<App> {
  const { config, db, deliveries, runs, log } = resources;
  await resources.apps.check();
  const registry = await readRules(resources, undo);
  const joined = composeParts(resources, registry);
  const { worker, dispatcher, reporter, checks, adminRoutes } = joined;
  undo.push(resources.apps.stop, joined.stop);
  const server = await startPublicServer({
    host: config.host,
    port: config.port,
    webhook: createWebhookHandler({
      signersFor: composeSigners(config, resources.apps),
      deliveries,
      log,
      clock,
      onStored: joined.onStored,
      canAccept: resources.disk.canAccept,
      readEvent,
      hasUniqueBody,
    }),
    log,
    clock,
  });
  undo.push(server.close);
  const appPages = createAppRouter({ flow: resources.apps.flow, log });
  const appRoutes = { path: '/apps', router: appPages, open: true };
  const recovery = composeRecovery(resources, registry.current);
  if (recovery) undo.push(recovery.stop);
  const api = composeAdminApi(resources, { ...joined, recovery }, dispatcher.wake);
  const admin = await composeAdmin({
    ...resources,
    clock,
    checks,
    routesFor: (login) => [appRoutes, composeDashboard(resources, login), api, ...adminRoutes],
  });
  undo.push(admin.close);
  resources.apps.start(() => appSecretsOf(registry));
  registry.watch();
  resources.policy.watch(registry.reload);
  await joined.grants.start();
  await worker.start();
  dispatcher.start();
  reporter.start();
  joined.publisher.start();
  log.info({ url: server.url, admin: admin.url, installation: db.installation }, 'receiving webhooks');
  return {
    url: server.url,
    adminUrl: admin.url,
    installation: db.installation,
    deliveries,
    runs,
    async stop(drainMs) {
      await worker.stop(drainMs);
      await server.close();
      await dispatcher.stop();
      await reporter.stop();
      for (const step of undo.reverse()) await step();
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
async function readRules({ config, policy, log }: Resources, undo: Undo): Promise<Registry> {
  policy.load();
  undo.push(policy.close);
  const checks = profileChecks(config, policy.current);
  const registry = createRegistry({ dir: config.profilesDir, checks, log, clock });
  await registry.load();
  undo.push(registry.close);
  return registry;
}
