import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import express, { type Express, type Request, type Response } from 'express';
import type { Clock } from '../base/clock.ts';
import { refuse } from '../ingress/refuse.ts';
import type { WebhookHandler } from '../ingress/webhook-route.ts';
import type { Logger } from '../log/logger.ts';
import { clientRefusal, refuseConnection } from './client-error.ts';
import { malformedRequest, methodNotAllowed, pathNotFound } from './errors.ts';
import { type Listener, listen } from './listen.ts';

/** How long a client may take, in milliseconds: for its headers, for a whole request, and doing nothing at all. */
export type PublicLimits = { headersMs: number; requestMs: number; idleMs: number };

/** The body's own ten seconds are counted by the webhook handler, which can answer it; `requestMs` is behind that. */
const PUBLIC_LIMITS: PublicLimits = { headersMs: 10_000, requestMs: 25_000, idleMs: 30_000 };

const WEBHOOK_PATH = '/webhooks/github';

/** Opens the listener that outside users reach: `POST /webhooks/github` and nothing else. Throws `listen_failed`. */
export async function startPublicServer(options: {
  host: string;
  port: number;
  webhook: WebhookHandler;
  log: Logger;
  clock: Clock;
  limits?: PublicLimits;
}): Promise<Listener> {
  const { host, port, log, clock, limits = PUBLIC_LIMITS } = options;
  const app = createApp(options.webhook, log, clock);
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.headersMs / 20,
    requireHostHeader: false,
  });
  server.timeout = limits.idleMs;
  // Without these two Node answers `Expect` itself, before a header was looked at.
  server.on('request', app).on('checkContinue', app).on('checkExpectation', app);
  answerBrokenRequests(server, log, clock);
  return await listen(server, host, port, clock);
}

function createApp(webhook: WebhookHandler, log: Logger, clock: Clock): Express {
  const app = express();
  app.disable('x-powered-by').enable('strict routing').enable('case sensitive routing');
  app.use((request, response, next) => {
    if (request.headers.host === undefined && request.httpVersion === '1.1')
      refuse({ request, response }, malformedRequest(), clock);
    else next();
  });
  app.post(WEBHOOK_PATH, webhook);
  app.all(WEBHOOK_PATH, (request, response) => {
    refuse({ request, response }, methodNotAllowed(request.method, 'POST'), clock);
  });
  app.use((request, response) => {
    const hint = 'GitHub delivers to /webhooks/github: see the Payload URL in the settings of the webhook.';
    refuse({ request, response }, pathNotFound(request.method, request.path, hint), clock);
  });
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => {
    log.error({ err: error }, 'the public listener failed on a request');
    refuse({ request, response }, error, clock);
  });
  return app;
}

/** Requests that never become one: bytes that are not HTTP, headers too slow or too large, CONNECT. */
function answerBrokenRequests(server: Server, log: Logger, clock: Clock): void {
  server.on('clientError', (error: Error, socket: Duplex) => {
    const refusal = clientRefusal(error);
    log.debug({ code: refusal.code, status: refusal.status }, 'request refused');
    refuseConnection(socket, refusal, clock);
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    refuseConnection(socket, methodNotAllowed(request.method ?? 'CONNECT', 'POST'), clock);
  });
}
