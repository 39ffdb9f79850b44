import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import { Refusal } from '../ingress/errors.ts';
import { answer, refuse } from '../ingress/refuse.ts';
import type { Logger } from '../log/logger.ts';
import { parameterUnknown } from './admin-errors.ts';
import { clientRefusal, refuseConnection } from './client-error.ts';
import { malformedRequest, methodNotAllowed, pathNotFound } from './errors.ts';
import { type Listener, listen } from './listen.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { bearerRefused, runtimeAppMissing, runtimeTokenFailed, runtimeTooOften } from './runtime-errors.ts';

/** Looks up bearers and tokens; `runOf` compares in constant time and rejects only for errors of the service. */
type RuntimeAccess = {
  /** The active run whose bearer this is. */
  runOf(bearer: string): Promise<string | undefined>;
  /** A token of that run, with its end in ISO 8601; undefined where no App serves its repository. */
  token(runId: string): Promise<{ token: string; expiresAt: string } | undefined>;
};

const TOKEN_PATH = '/runtime/v1/github-token';

/** How long a client may take for its headers and for a whole request. */
const LIMITS = { headersMs: 10_000, requestMs: 10_000, idleMs: 60_000 };

/** Requests that one address, and one run, may send at once; each regains one in this many milliseconds. */
const ADDRESS_RATE = { burst: 120, regainMs: 500 };
const RUN_RATE = { burst: 30, regainMs: 2_000 };

/** Never kept by anybody on the way. */
const NO_STORE = { 'cache-control': 'no-store' };

/**
 * Opens the listener for processes of a run that are not in its container: `GET /runtime/v1/github-token` with the
 * run's own bearer answers `{token, expires_at}`, and nothing else is there. Throws `listen_failed`.
 */
export async function startRuntimeServer(options: {
  host: string;
  port: number;
  access: RuntimeAccess;
  log: Logger;
  clock: Clock;
}): Promise<Listener> {
  const { host, port, access, log, clock } = options;
  const limits = {
    address: createRateLimit({ ...ADDRESS_RATE, clock }),
    run: createRateLimit({ ...RUN_RATE, clock }),
  };
  const server = createServer(
    {
      headersTimeout: LIMITS.headersMs,
      requestTimeout: LIMITS.requestMs,
      connectionsCheckingInterval: LIMITS.headersMs / 20,
      requireHostHeader: false,
    },
    (request, response) => void serve(request, response),
  );
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { token, expiresAt } = await tokenFor(access, limits, request);
      answer(response, 200, { token, expires_at: expiresAt }, NO_STORE);
    } catch (error) {
      const refusal = withHeaders(error);
      if (refusal.status >= 500) log.error({ err: error }, 'the runtime listener gave no token');
      refuse({ request, response }, refusal, clock);
    }
  };
  server.timeout = LIMITS.idleMs;
  server.on('clientError', (error, socket) => refuseConnection(socket, clientRefusal(error), clock));
  server.on('connect', (request, socket) =>
    refuseConnection(socket, methodNotAllowed(request.method ?? 'CONNECT', 'GET'), clock),
  );
  return await listen(server, host, port, clock, 'RUNTIME_PORT');
}

async function tokenFor(
  access: RuntimeAccess,
  limits: Record<'address' | 'run', RateLimit>,
  request: IncomingMessage,
): Promise<{ token: string; expiresAt: string }> {
  if (request.headers.host === undefined && request.httpVersion === '1.1') throw malformedRequest();
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const { method = '' } = request;
  if (path !== TOKEN_PATH) throw pathNotFound(method, path, `Request ${TOKEN_PATH}.`);
  if (method !== 'GET') throw methodNotAllowed(method, 'GET');
  const [parameter] = new URLSearchParams(query).keys();
  if (parameter !== undefined) throw parameterUnknown('parameter', parameter, []);
  refuseTooOften(limits.address, request.socket.remoteAddress ?? '');
  const [, bearer] = /^Bearer +(\S{1,4096})$/i.exec(request.headers.authorization ?? '') ?? [];
  const runId = bearer === undefined ? undefined : await access.runOf(bearer);
  if (runId === undefined) throw bearerRefused(bearer !== undefined);
  refuseTooOften(limits.run, runId);
  const found = await access.token(runId).catch((error: unknown) => {
    throw runtimeTokenFailed(asFlowError(error).code, error);
  });
  if (!found) throw runtimeAppMissing();
  return found;
}

function refuseTooOften(limit: RateLimit, key: string): void {
  const waitMs = limit.waitMs(key);
  if (waitMs > 0) throw runtimeTooOften(Math.ceil(waitMs / 1000));
  limit.spend(key);
}

/** No answer may be cached. An unexpected error becomes a 500 without details. */
function withHeaders(error: unknown): Refusal {
  const issue = asFlowError(error);
  const status = error instanceof Refusal ? error.status : 500;
  const headers = error instanceof Refusal ? error.headers : {};
  const problem =
    error instanceof Refusal
      ? issue.toProblem()
      : { ...issue.toProblem(), message: 'Something that should not happen did.' };
  return new Refusal(status, { ...problem, cause: error }, { ...headers, ...NO_STORE });
}
