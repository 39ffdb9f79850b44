import { Router, urlencoded } from 'express';
import { systemClock as clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import { createGitHubLinks } from '../dashboard/links.ts';
import { addressOf, type DashboardActions } from '../dashboard/parts.ts';
import { addDashboardRoutes } from '../dashboard/routes.ts';
import { createSessions } from '../dashboard/sessions.ts';
import { deliveryUnknown } from '../deliveries/errors.ts';
import { deliveryDetails, deliveryView } from '../deliveries/view.ts';
import { headline } from '../feedback/run-comment.ts';
import { cancelRun, replayDelivery, retryRun } from '../flow/actions/run-actions.ts';
import { followRunOutput, readOutputTail } from '../flow/output/read-output.ts';
import { withStatus } from '../http/admin-errors.ts';
import type { AdminRoutes } from '../http/admin-server.ts';
import { type ApiActions, createApiRouter } from '../http/api-routes.ts';
import { clientAddress, type Login } from '../http/login.ts';
import type { RedeliveryLoop } from '../maintenance/redelivery-loop.ts';
import type { Retention } from '../maintenance/retention.ts';
import { runAlreadyEnded, runNotEnded, workerUnknown } from '../runs/errors.ts';
import { createOutputStore } from '../runs/store/output-store.ts';
import { findRun } from '../runs/store/run-store.ts';
import { runDetails, runView, workerView } from '../runs/view/view.ts';
import type { Resources } from './resources.ts';

/** What the API reports about maintenance; `redelivery` is undefined while REDELIVER_MISSED is off. */
type Maintenance = { retention: Retention; redelivery: RedeliveryLoop | undefined };

/** The JSON API over the service's own parts; `onReplay` is called when a delivery is to be decided again. */
export function composeAdminApi(
  resources: Resources,
  maintenance: Maintenance,
  onReplay: () => void,
): AdminRoutes {
  const { workers, disk } = resources;
  const actions: ApiActions = {
    runs: runActions(resources),
    deliveries: deliveryActions(resources, onReplay),
    workers: {
      list: async () => (await workers.list()).map(workerView),
      async drain(id) {
        if (!(await workers.drain(id, true))) throw workerUnknown(id);
        return { id, draining: true };
      },
    },
    maintenance: async () => ({
      disk: await disk.state(),
      removed: maintenance.retention.removed(),
      redelivery: maintenance.redelivery?.last() ?? null,
    }),
  };
  return { path: '/api', router: createApiRouter(actions) };
}

/** What the API and the pages do with runs. */
function runActions(resources: Resources): ApiActions['runs'] {
  const { runs, config, db } = resources;
  const output = createOutputStore(db);
  return {
    list: async (limit) => (await runs.list(limit)).map(runView),
    show: async (id) => runDetails(await findRun(resources, id), await runs.timeline(id)),
    log: (id, options) =>
      followRunOutput(
        { varDir: config.varDir, output, run: async () => await findRun(resources, id), clock },
        options,
      ),
    async cancel(id, reason) {
      const run = await findRun(resources, id);
      const answer = await cancelRun({ runs, isServiceRunning: true }, run, reason);
      if (answer.status === 'already_ended') throw runAlreadyEnded(id, answer.message);
      return { id, ...answer };
    },
    async retry(id, reason) {
      const run = await findRun(resources, id);
      const { status, message } = await retryRun(resources, run.id, reason);
      if (status === 'not_ended') throw runNotEnded(id);
      return { id, status, message };
    },
  };
}

function deliveryActions({ deliveries }: Resources, onReplay: () => void): ApiActions['deliveries'] {
  return {
    list: async (limit) => (await deliveries.list({ limit })).map(deliveryView),
    async show(id) {
      const delivery = await deliveries.find(id);
      if (!delivery) throw deliveryUnknown(id);
      return { ...deliveryDetails(delivery), payload: await payloadOf(deliveries, id) };
    },
    async replay(id) {
      const view = deliveryView(await replayDelivery(deliveries, id));
      onReplay();
      return view;
    },
  };
}

/** The body as text, for it may be nested deeper than JSON can be written; null when it was removed. */
async function payloadOf(deliveries: Resources['deliveries'], id: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await deliveries.body(id));
  } catch (error) {
    if (asFlowError(error).code === 'delivery_body_gone') return null;
    throw error;
  }
}

/** How much of an output a page reads from its end, in bytes as it is kept. */
const TAIL_BYTES = 256 * 1024;

/** The pages over the service's own parts; who may see them is decided by the admin's `login`. */
export function composeDashboard(resources: Resources, login: Login): AdminRoutes {
  const { config, log } = resources;
  const router = Router({ strict: true, caseSensitive: true });
  addDashboardRoutes(router, {
    actions: dashboardActions(resources),
    sessions: createSessions(clock),
    checkToken: (request, token) => login.token(token, clientAddress(request)),
    readForm: urlencoded({ extended: false, limit: '100kb' }),
    refusalOf: withStatus,
    links: createGitHubLinks(config.githubServerUrl),
    ...addressOf(config.publicUrl),
    log,
    clock,
  });
  return { path: '/', router, open: true };
}

function dashboardActions(resources: Resources): DashboardActions {
  const { runs, deliveries, config, db } = resources;
  const { cancel, retry } = runActions(resources);
  const output = createOutputStore(db);
  return {
    list: async (limit) => await runs.list(limit),
    find: async (id) => await findRun(resources, id),
    async look(run, attempt) {
      const of = { runId: run.id, attempt };
      const [delivery, timeline, entries] = await Promise.all([
        deliveries.find(run.deliveryId),
        runs.timeline(run.id),
        readOutputTail({ varDir: config.varDir, output }, of, TAIL_BYTES),
      ]);
      const event = delivery && { name: delivery.event, action: delivery.action };
      return { run, headline: headline(run), event, timeline, log: entries };
    },
    cancel,
    retry,
  };
}
