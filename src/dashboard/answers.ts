import type { Request, Response } from 'express';
import type { DashboardParts } from './parts.ts';
import { createRender, type TemplateName } from './templates.ts';

/** Nothing but our stylesheet and forms to ourselves: what an agent wrote could not load, run or send anything if it were markup. */
const POLICY =
  "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** How pages and ways to other pages leave. */
export type Answers = {
  show(
    exchange: { request: Request; response: Response },
    page: { view: TemplateName; title: string; csrf: string | null; refresh?: string },
    values: object,
  ): void;
  /** Leads to another of our pages, by its path. */
  lead(exchange: { request: Request; response: Response }, path: string): void;
  /** Leads to the login and from there back to `next`. */
  askLogin(exchange: { request: Request; response: Response }, next: string): void;
};

/** Answers over the views. */
export function createAnswers({ basePath }: Pick<DashboardParts, 'basePath'>): Answers {
  const render = createRender();
  const answers: Answers = {
    show({ request, response }, { view, title, csrf, refresh }, values) {
      const frame = { title, csrf, refresh: refresh ?? null, base: basePath(request) };
      const html = render(view, frame, values);
      response.setHeader('Content-Security-Policy', POLICY).type('html').send(html);
    },
    lead({ request, response }, path) {
      response.redirect(303, `${basePath(request)}${path}`);
    },
    askLogin(exchange, next) {
      const login = `/login?next=${encodeURIComponent(next)}`;
      if (!beginsElsewhere(exchange.request)) return answers.lead(exchange, login);
      // A browser sends a strict cookie only from a page of ours; this is one, and goes on by itself.
      const to = `${basePath(exchange.request)}${login}`;
      answers.show(
        exchange,
        { view: 'onward', title: 'Redirecting', csrf: null, refresh: `0; url=${to}` },
        { to },
      );
    },
  };
  return answers;
}

/** Whether a browser was led here from another site, and so sent no cookie: https://www.w3.org/TR/fetch-metadata/ */
export function beginsElsewhere(request: Request): boolean {
  return ['cross-site', 'same-site'].includes(request.headers['sec-fetch-site'] as string);
}
