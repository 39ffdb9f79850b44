import { createServer } from 'node:http';
import express, { type Express, type Request, type Response, type Router } from 'express';
import helmet from 'helmet';
import type { Clock } from '../base/clock.ts';
import { refuse } from '../ingress/refuse.ts';
import type { Logger } from '../log/logger.ts';
import { adminPathNotFound, hostUnexpected } from './admin-errors.ts';
import { withStatus } from './api-status.ts';
import { clientAddress, TRUSTED_PROXIES } from './client-address.ts';
import { clientRefusal, refuseConnection } from './client-error.ts';
import { expectedHost } from './expected-host.ts';
import { type Listener, listen } from './listen.ts';
import type { Login } from './login.ts';

/** Part of the admin listener: what lies below `path`. `open` parts need no login and guard themselves. */
export type AdminRoutes = { path: string; router: Router; open?: boolean };

/** How long a client may take for its headers and for a whole request, and to be done when the service stops. */
const LIMITS = { headersMs: 10_000, requestMs: 30_000, closeMs: 1_000 };

/** Pages of our own alone, and never inside somebody else's; plain HTTP stays possible, for TLS ends in front. */
const HELMET = helmet({
  contentSecurityPolicy: { directives: { defaultSrc: ["'self'"], upgradeInsecureRequests: null } },
  strictTransportSecurity: false,
});

/**
 * Opens the listener that operators reach. Each request must be for one of its names (`hosts` are those besides
 * `host` itself), then is served by an open part, or with the admin's token as a bearer by the others; order is
 * that of `routers`. Throws `listen_failed`.
 */
export async function startAdminServer(options: {
  host: string;
  port: number;
  login: Login;
  hosts: readonly string[];
  routers: readonly AdminRoutes[];
  log: Logger;
  clock: Clock;
}): Promise<Listener> {
  const { host, port, clock } = options;
  const server = createServer({
    headersTimeout: LIMITS.headersMs,
    requestTimeout: LIMITS.requestMs,
    connectionsCheckingInterval: LIMITS.headersMs / 20,
    requireHostHeader: false,
  });
  server.on('request', createApp(options));
  server.on('clientError', (error, socket) => refuseConnection(socket, clientRefusal(error), clock));
  const listener = await listen(server, host, port, clock, 'ADMIN_PORT');
  return {
    url: listener.url,
    // Whoever follows a log would hold up the end until its run is over.
    async close() {
      const limit = clock.after(LIMITS.closeMs, () => server.closeAllConnections());
      await listener.close();
      limit.stop();
    },
  };
}

function createApp({
  host,
  hosts,
  login,
  routers,
  log,
  clock,
}: Parameters<typeof startAdminServer>[0]): Express {
  const app = express();
  const isExpected = expectedHost(host, hosts);
  app.set('trust proxy', TRUSTED_PROXIES);
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.use(HELMET, (request, response, next) => {
    if (!isExpected(request.headers.host)) throw hostUnexpected(request.headers.host);
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  for (const { path, router } of routers.filter(({ open }) => open)) app.use(path, router);
  app.use((request, _response, next) => {
    login.header(request.headers.authorization, clientAddress(request));
    next();
  });
  for (const { path, router } of routers.filter(({ open }) => !open)) app.use(path, router);
  app.use((request) => {
    throw adminPathNotFound(request.method, request.path);
  });
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => {
    const refusal = withStatus(error);
    if (refusal.status >= 500) log.error({ err: error }, 'The admin listener failed on a request.');
    else log.debug({ code: refusal.code, status: refusal.status }, 'Admin request refused.');
    refuse({ request, response }, refusal, clock);
  });
  return app;
}
