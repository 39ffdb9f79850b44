import { Router, urlencoded } from 'express';
import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { createGitHubLinks } from '../dashboard/links.ts';
import type { DashboardParts } from '../dashboard/parts.ts';
import { addDashboardRoutes } from '../dashboard/routes.ts';
import { createSessions } from '../dashboard/sessions.ts';
import type { DashboardActions } from '../dashboard/sight.ts';
import { headline } from '../feedback/run-comment.ts';
import { readOutputTail } from '../flow/output/output-tail.ts';
import type { AdminRoutes } from '../http/admin-server.ts';
import { withStatus } from '../http/api-status.ts';
import { clientAddress } from '../http/client-address.ts';
import type { Login } from '../http/login.ts';
import { findRun } from '../runs/store/find-run.ts';
import { createOutputStore } from '../runs/store/output-store.ts';
import { runActions } from './admin-api.ts';
import type { Resources } from './resources.ts';

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
    ...addressOf(config),
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

/** How PUBLIC_URL shapes the pages: it may have a path, and it may be https though TLS ends before us. */
function addressOf({ publicUrl }: Config): Pick<DashboardParts, 'basePath' | 'isSecure'> {
  const url = publicUrl === undefined ? undefined : new URL(publicUrl);
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  return {
    basePath: (request) => (request.headers.host === url?.host ? path : ''),
    isSecure: (request) => request.secure || url?.protocol === 'https:',
  };
}
