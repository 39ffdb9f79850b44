import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Request, Response } from 'express';
import Handlebars from 'handlebars';
import type { DashboardParts } from './parts.ts';

/** Only our stylesheet and our own forms: even as markup, an agent's text could not load, run or send anything. */
const POLICY =
  "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const VIEWS = ['run', 'runs', 'login', 'redirect', 'error'] as const;

/** A page of views/. */
type TemplateName = (typeof VIEWS)[number];

/** Sends pages and redirects. */
export type Answers = {
  show(
    exchange: { request: Request; response: Response },
    page: { view: TemplateName; title: string; csrf: string | null; refresh?: string },
    values: object,
  ): void;
  /** Redirects to another of our pages, by its path. */
  lead(exchange: { request: Request; response: Response }, path: string): void;
  /** Redirects to the login and from there back to `next`. */
  askLogin(exchange: { request: Request; response: Response }, next: string): void;
};

/** Renders the views. */
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
      // A browser sends a strict cookie only from one of our pages; this is one, and it redirects.
      const to = `${basePath(exchange.request)}${login}`;
      answers.show(
        exchange,
        { view: 'redirect', title: 'Redirecting', csrf: null, refresh: `0; url=${to}` },
        { to },
      );
    },
  };
  return answers;
}

/** Whether the request comes from another site, so without our cookie: https://www.w3.org/TR/fetch-metadata/ */
export function beginsElsewhere(request: Request): boolean {
  return ['cross-site', 'same-site'].includes(request.headers['sec-fetch-site'] as string);
}

/** Values of the layout. `refresh` is the content of `<meta http-equiv="refresh">`; `csrf` is null where nobody is logged in. */
type Frame = { title: string; base: string; refresh: string | null; csrf: string | null };

/** Gives a page as HTML; escapes every value, and throws for a missing one. */
type Render = (view: TemplateName, frame: Frame, values: object) => string;

/** Reads and compiles the views. */
function createRender(): Render {
  const handlebars = Handlebars.create();
  const compile = (name: string) =>
    handlebars.compile(readFileSync(join(import.meta.dirname, 'views', `${name}.hbs`), 'utf8'), {
      strict: true,
      knownHelpersOnly: true,
    });
  const layout = compile('layout');
  const views = new Map(VIEWS.map((view) => [view, compile(view)]));
  return (view, frame, values) => {
    const body = views.get(view)?.({ ...values, base: frame.base, csrf: frame.csrf });
    return layout({ ...frame, body: new handlebars.SafeString(body ?? '') });
  };
}

/** The one stylesheet. */
export function readStyle(): string {
  return readFileSync(join(import.meta.dirname, 'assets/style.css'), 'utf8');
}
