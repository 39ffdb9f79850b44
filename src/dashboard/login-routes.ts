import type { Router } from 'express';
import { type Answers, beginsElsewhere } from './answers.ts';
import { formNotOurs } from './errors.ts';
import type { DashboardParts } from './parts.ts';
import { field, nextPage } from './requests.ts';
import { clearSessionCookie, isOwnForm, sentSession, setSessionCookie } from './sessions.ts';

/** `/login` and `/logout`. */
export function addLoginRoutes(router: Router, parts: DashboardParts, answers: Answers): void {
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
