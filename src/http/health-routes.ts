import { type Response, Router } from 'express';
import { within } from '../base/cancel.ts';
import type { Clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';

/** One condition for readiness; `check` gives a sentence when it is not met, and may be called at any time. */
export type ReadyCheck = { name: string; check(): Promise<string | undefined> };

/** How long a check may take before its silence is the answer. */
const CHECK_MS = 5_000;
const SILENT = `It did not answer within ${CHECK_MS / 1000} seconds.`;

/** `/healthz`: the process answers. `/readyz`: 200 when every check is well, else 503, with a line for each. */
export function createHealthRouter(checks: readonly ReadyCheck[], clock: Clock): Router {
  const router = Router({ strict: true, caseSensitive: true });
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => await answerReady(response, checks, clock));
  return router;
}

async function answerReady(response: Response, checks: readonly ReadyCheck[], clock: Clock): Promise<void> {
  const results = await Promise.all(
    checks.map(async ({ name, check }) => {
      const message = await within(clock, CHECK_MS, messageOf(check));
      return { name, ready: message === null, message: message === undefined ? SILENT : message };
    }),
  );
  const isReady = results.every(({ ready }) => ready);
  response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not_ready', checks: results });
}

/** Null when all is well. */
async function messageOf(check: ReadyCheck['check']): Promise<string | null> {
  return (await check().catch((error: unknown) => asFlowError(error).message)) ?? null;
}
