import { Router, urlencoded } from 'express';
import { systemClock as clock } from '../base/clock.ts';
import { createGitHubLinks } from '../dashboard/links.ts';
import { addressOf, type DashboardActions } from '../dashboard/parts.ts';
import { addDashboardRoutes } from '../dashboard/routes.ts';
import { createSessions } from '../dashboard/sessions.ts';
import { headline } from '../feedback/run-comment.ts';
import { readOutputTail } from '../flow/output/output-tail.ts';
import { withStatus } from '../http/admin-errors.ts';
import type { AdminRoutes } from '../http/admin-server.ts';
import { clientAddress, type Login } from '../http/login.ts';
import { createOutputStore } from '../runs/store/output-store.ts';
import { findRun } from '../runs/store/run-store.ts';
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
