import type { NextFunction, Request, Response, Router } from 'express';
import { createAnswers, readStyle } from './answers.ts';
import { formNotOurs, pageUnknown } from './errors.ts';
import { harmless } from './harmless.ts';
import { addLoginRoutes } from './login-routes.ts';
import type { DashboardParts } from './parts.ts';
import { field, formReason, nextPage, requestedAttempt, wayBack } from './requests.ts';
import { isLiving, runPage } from './run-page.ts';
import { runsPage } from './runs-page.ts';
import { isOwnForm, type Session, sentSession } from './sessions.ts';

/** Runs on the list, and the seconds between two loads of a page that still changes. */
const NEWEST = 50;
const EVERY_SEC = { run: '5', list: '15' };

type Exchange = { request: Request; response: Response; session: Session };

/**
 * Adds the pages to a router at the root of the admin listener: `/runs`, `/runs/<id>`, `/login`, `/logout`. They have
 * their own login; without it, everything but the stylesheet redirects to the login.
 */
export function addDashboardRoutes(router: Router, parts: DashboardParts): void {
  const { actions, sessions, links, clock, readForm } = parts;
  const answers = createAnswers(parts);
  const style = readStyle();
  const known =
    (work: (exchange: Exchange) => Promise<void>) =>
    async (request: Request, response: Response): Promise<void> => {
      const session = sessions.find(sentSession(request));
      if (session) return await work({ request, response, session });
      answers.askLogin({ request, response }, pageOf(request));
    };
  const action = (act: (id: string, reason: string) => Promise<unknown>) =>
    known(async (exchange) => {
      const { request, session } = exchange;
      const id = String(request.params.id);
      if (!isOwnForm(session, field(request.body, 'csrf'))) throw formNotOurs();
      await act((await actions.find(id)).id, formReason(request.body));
      answers.lead(exchange, `/runs/${id}`);
    });

  addLoginRoutes(router, parts, answers);
  router.get(['/', '/runs/'], (request, response) => answers.lead({ request, response }, '/runs'));
  router.get('/runs/style.css', (_request, response) => {
    response.setHeader('Cache-Control', 'public, max-age=300').type('css').send(style);
  });
  router.get(
    '/runs',
    known(async (exchange) => {
      const { csrf } = exchange.session;
      const page = { view: 'runs', title: 'Runs', csrf, refresh: EVERY_SEC.list } as const;
      answers.show(exchange, page, runsPage(await actions.list(NEWEST), clock.now()));
    }),
  );
  router.get(
    '/runs/:id',
    known(async (exchange) => {
      const { params, query } = exchange.request;
      const run = await actions.find(String(params.id));
      const attempt = requestedAttempt(run, query.attempt);
      const isStill = query.still !== undefined;
      const refresh = isLiving(run) && !isStill ? { refresh: EVERY_SEC.run } : {};
      const sight = await actions.look(run, attempt);
      const page = { view: 'run', title: titleOf(sight), csrf: exchange.session.csrf, ...refresh } as const;
      answers.show(exchange, page, runPage(sight, { attempt, isStill, now: clock.now(), links }));
    }),
  );
  router.post('/runs/:id/cancel', readForm, action(actions.cancel));
  router.post('/runs/:id/retry', readForm, action(actions.retry));
  router.use(['/runs', '/login', '/logout'], ({ originalUrl }) => {
    throw pageUnknown(originalUrl);
  });
  router.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const refusal = parts.refusalOf(error);
    if (refusal.status >= 500) parts.log.error({ err: error }, 'a page failed');
    const { code, message, hint } = refusal.toProblem();
    const problem = { code, message: harmless(message), hint: harmless(hint) };
    const csrf = sessions.find(sentSession(request))?.csrf ?? null;
    response.status(refusal.status).set(refusal.headers);
    const page = { view: 'error', title: 'The request failed', csrf } as const;
    answers.show({ request, response }, page, { problem, ...wayBack(request.path) });
  });
}

/** The page of a request; of a form, the page with the form. */
function pageOf({ method, originalUrl, params }: Request): string {
  return nextPage(method === 'POST' ? `/runs/${params.id}` : originalUrl);
}

function titleOf({ run, headline }: { run: { repository: string }; headline: string }): string {
  return `${headline.replace(/\.$/, '')}, ${harmless(run.repository)}`;
}
