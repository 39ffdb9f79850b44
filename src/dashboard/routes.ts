import type { NextFunction, Request, Response, Router } from 'express';
import { attemptUnknown } from '../runs/errors.ts';
import type { Run } from '../runs/run.ts';
import { type Answers, beginsElsewhere, createAnswers, readStyle } from './answers.ts';
import { formNotOurs, pageUnknown } from './errors.ts';
import { harmless } from './harmless.ts';
import { isLiving, runPage, runsPage } from './pages.ts';
import type { DashboardParts } from './parts.ts';
import { clearSessionCookie, isOwnForm, type Session, sentSession, setSessionCookie } from './sessions.ts';

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

/** `/login` and `/logout`. */
function addLoginRoutes(router: Router, parts: DashboardParts, answers: Answers): void {
  const { sessions, isSecure, log } = parts;
  const page = { view: 'login', title: 'Log in', csrf: null } as const;
  router.get('/login', (request, response) => {
    const next = nextPage(request.query.next);
    if (sessions.find(sentSession(request))) return answers.lead({ request, response }, next);
    answers.show({ request, response }, page, { next, problem: null });
  });
  router.post('/login', parts.readForm, (request, response) => {
    if (beginsElsewhere(request)) throw formNotOurs();
    const next = nextPage(field(request.body, 'next'));
    try {
      parts.checkToken(request, field(request.body, 'token').trim());
    } catch (error) {
      const refusal = parts.refusalOf(error);
      response.status(refusal.status).set(refusal.headers);
      answers.show({ request, response }, page, { next, problem: refusal.toProblem() });
      return;
    }
    sessions.close(sentSession(request));
    setSessionCookie(response, sessions.open(), isSecure(request));
    log.info('somebody logged in to the pages');
    answers.lead({ request, response }, next);
  });
  router.post('/logout', parts.readForm, (request, response) => {
    const id = sentSession(request);
    const session = sessions.find(id);
    if (session && !isOwnForm(session, field(request.body, 'csrf'))) throw formNotOurs();
    sessions.close(id);
    clearSessionCookie(response, isSecure(request));
    answers.lead({ request, response }, '/login');
  });
}

/** The maximum length of a reason, also in the form. */
const MAX_REASON = 500;

/** Our own pages, to which a login may redirect. */
const OWN_PAGE = /^\/runs(\/[0-9a-z]{1,40}(\?attempt=\d{1,6})?)?$/;

/** The page after the login: the requested one if it is ours, else the list of runs. */
function nextPage(asked: unknown): string {
  return typeof asked === 'string' && OWN_PAGE.test(asked) ? asked : '/runs';
}

/** A field of a form as text; empty when it is missing or repeated. */
function field(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return '';
  const value = (body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

/** The reason in a form, by default the one of commands and the API. */
function formReason(body: unknown): string {
  const reason = field(body, 'reason').replaceAll(/\s+/g, ' ').trim();
  return reason.slice(0, MAX_REASON).toWellFormed() || 'an operator asked for it';
}

/** The attempt in an address, by default the current one. Throws `attempt_unknown`. */
function requestedAttempt(run: Run, asked: unknown): number {
  const last = Math.max(1, run.attempt);
  if (asked === undefined) return last;
  const attempt = typeof asked === 'string' && /^\d{1,6}$/.test(asked) ? Number(asked) : 0;
  if (attempt < 1 || attempt > last) throw attemptUnknown(String(asked), run.attempt);
  return attempt;
}

/** The link on the page of an error: the run of its path, else the list. */
function wayBack(path: string): { back: string; backText: string } {
  const [, id] = /^\/runs\/([0-9a-z]{1,40})\//.exec(path) ?? [];
  return id === undefined
    ? { back: '/runs', backText: 'To the list of runs' }
    : { back: `/runs/${id}`, backText: 'Back to the run' };
}
