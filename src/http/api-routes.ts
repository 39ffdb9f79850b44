import express, { type Request, type Response, Router } from 'express';
import { isObject } from '../base/json.ts';
import { parameterUnknown, requestInvalid } from './admin-errors.ts';

/** What the API can do; the service hands it in. Everything given is JSON; every error is a FlowError with a code. */
export type ApiActions = {
  runs: {
    list(limit: number): Promise<readonly unknown[]>;
    show(id: string): Promise<unknown>;
    /** Lines of JSON (`at`, `stream`, `text`), and those to come until the run has ended when `follow` is set. */
    log(id: string, options: { follow: boolean; signal: AbortSignal }): AsyncIterable<string>;
    cancel(id: string, reason: string): Promise<unknown>;
    retry(id: string, reason: string): Promise<unknown>;
  };
  deliveries: {
    list(limit: number): Promise<readonly unknown[]>;
    show(id: string): Promise<unknown>;
    replay(id: string): Promise<unknown>;
  };
  workers: {
    list(): Promise<readonly unknown[]>;
    drain(id: string): Promise<unknown>;
  };
  /** What maintenance removed and found since the start. */
  maintenance(): Promise<unknown>;
};

const MAX_REASON = 500;

/** The JSON API, to be mounted at `/api`; docs/operations.md describes it. */
export function createApiRouter(actions: ApiActions): Router {
  const { runs, deliveries, workers } = actions;
  const router = Router({ strict: true, caseSensitive: true });
  router.use(express.json({ limit: '100kb', type: () => true }));
  const gives = (
    action: (request: Request<{ id: string }>) => Promise<unknown>,
    takes: { query?: readonly string[]; body?: readonly string[] } = {},
  ) => {
    return async (request: Request<{ id: string }>, response: Response) => {
      refuseUnknown(request, takes);
      response.json(await action(request));
    };
  };
  router.get(
    '/runs',
    gives(async (request) => await runs.list(limitOf(request)), { query: ['limit'] }),
  );
  router.get(
    '/runs/:id',
    gives(async ({ params }) => await runs.show(params.id)),
  );
  router.get('/runs/:id/log', async (request, response) => {
    refuseUnknown(request, { query: ['follow'] });
    await streamLog(runs.log, request, response);
  });
  router.post(
    '/runs/:id/cancel',
    gives(async (request) => await runs.cancel(request.params.id, reasonOf(request)), { body: ['reason'] }),
  );
  router.post(
    '/runs/:id/retry',
    gives(async (request) => await runs.retry(request.params.id, reasonOf(request)), { body: ['reason'] }),
  );
  router.get(
    '/deliveries',
    gives(async (request) => await deliveries.list(limitOf(request)), { query: ['limit'] }),
  );
  router.get(
    '/deliveries/:id',
    gives(async ({ params }) => await deliveries.show(params.id)),
  );
  router.post(
    '/deliveries/:id/replay',
    gives(async ({ params }) => await deliveries.replay(params.id)),
  );
  router.get(
    '/workers',
    gives(async () => await workers.list()),
  );
  router.post(
    '/workers/:id/drain',
    gives(async ({ params }) => await workers.drain(params.id)),
  );
  router.get(
    '/maintenance',
    gives(async () => await actions.maintenance()),
  );
  return router;
}

/** The first line is waited for before the answer begins, so that an error still gets its status. */
async function streamLog(
  log: ApiActions['runs']['log'],
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const lines = log(request.params.id, { follow: followOf(request), signal: gone.signal });
  const iterator = lines[Symbol.asyncIterator]();
  let next = await iterator.next();
  response.setHeader('Content-Type', 'application/x-ndjson; charset=utf-8');
  while (!next.done && !gone.signal.aborted) {
    if (!response.write(`${next.value}\n`)) await drained(response);
    next = await iterator.next();
  }
  await iterator.return?.();
  response.end();
}

/** A name that is misspelt must not mean that its default holds. */
function refuseUnknown(
  { query, body }: Request<{ id: string }>,
  takes: { query?: readonly string[]; body?: readonly string[] },
): void {
  const refuse = (what: string, name: string, known: readonly string[]): never => {
    throw parameterUnknown(what, name, known);
  };
  for (const name of Object.keys(query))
    if (!takes.query?.includes(name)) refuse('parameter', name, takes.query ?? []);
  if (Array.isArray(body)) throw requestInvalid('The body', 'a JSON object');
  const fields = isObject(body) ? Object.keys(body) : [];
  for (const name of fields) if (!takes.body?.includes(name)) refuse('field', name, takes.body ?? []);
}

async function drained(response: Response): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once('drain', resolve).once('close', resolve);
  });
}

function limitOf({ query }: Request<{ id: string }>): number {
  const { limit = '20' } = query;
  const value = typeof limit === 'string' && /^\d{1,5}$/.test(limit) ? Number(limit) : 0;
  if (value < 1 || value > 10_000)
    throw requestInvalid('The parameter limit', 'a whole number from 1 to 10000');
  return value;
}

function followOf({ query }: Request<{ id: string }>): boolean {
  const { follow = 'false' } = query;
  if (follow === 'true' || follow === 'false') return follow === 'true';
  throw requestInvalid('The parameter follow', 'true or false');
}

function reasonOf({ body }: Request<{ id: string }>): string {
  if (body === undefined) return 'an operator asked for it';
  if (!isObject(body)) throw requestInvalid('The body of the request', 'a JSON object');
  const { reason = 'an operator asked for it' } = body;
  if (typeof reason === 'string' && reason.trim() !== '' && reason.length <= MAX_REASON) return reason;
  throw requestInvalid('The field reason', `a text of 1 to ${MAX_REASON} characters`);
}
