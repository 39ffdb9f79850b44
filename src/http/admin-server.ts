import { createServer } from 'node:http';
import { BlockList, isIP } from 'node:net';
import express, { type Express, type Request, type Response, type Router } from 'express';
import helmet from 'helmet';
import type { Clock } from '../base/clock.ts';
import { refuse } from '../ingress/refuse.ts';
import type { Logger } from '../log/logger.ts';
import { hostUnexpected, withStatus } from './admin-errors.ts';
import { clientRefusal, refuseConnection } from './client-error.ts';
import { pathNotFound } from './errors.ts';
import { type Listener, listen } from './listen.ts';
import { clientAddress, type Login, TRUSTED_PROXIES } from './login.ts';

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
    throw pathNotFound(
      request.method,
      request.path,
      'docs/operations.md lists what it has; webhooks go to the public listener (HOST, PORT).',
    );
  });
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => {
    const refusal = withStatus(error);
    if (refusal.status >= 500) log.error({ err: error }, 'the admin listener failed on a request');
    else log.debug({ code: refusal.code, status: refusal.status }, 'admin request refused');
    refuse({ request, response }, refusal, clock);
  });
  return app;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether a Host header names this listener, on any port. A browser that came here by the name of another site (DNS
 * rebinding) sends that name; an address cannot be rebound, so a listener on all addresses takes each.
 * `address` is what it listens on, `names` are the further ones it is reached by.
 */
function expectedHost(address: string, names: readonly string[]): (host: string | undefined) => boolean {
  const expected = new Set([address, ...names].map((name) => bare(name)));
  const isWildcard = ['0.0.0.0', '::'].includes(bare(address));
  const isLocal = isWildcard || isLoopback(bare(address));
  return (host) => {
    const name = hostName(host);
    if (name === undefined) return false;
    if (expected.has(name)) return true;
    if (isWildcard && isIP(name) !== 0) return true;
    return isLocal && (name === 'localhost' || isLoopback(name));
  };
}

/** The name in a Host header without its port; undefined when it is none. */
function hostName(host: string | undefined): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  return name === undefined ? undefined : bare(name);
}

/** Lower case, without the brackets of an IPv6 address or the dot that ends a full name. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isLoopback(name: string): boolean {
  const version = isIP(name);
  if (version === 0) return name === 'localhost';
  return LOOPBACK.check(name, version === 6 ? 'ipv6' : 'ipv4');
}
