import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

const VIEWS = ['run', 'runs', 'login', 'onward', 'fault'] as const;

/** A page of views/. */
export type TemplateName = (typeof VIEWS)[number];

/** What stands around every page. `refresh` is what `<meta http-equiv="refresh">` says, or null; `csrf` is null where nobody is logged in. */
export type Frame = { title: string; base: string; refresh: string | null; csrf: string | null };

/** Gives a page as HTML; every value is escaped, and a value that is missing throws. */
export type Render = (view: TemplateName, frame: Frame, values: object) => string;

/** Reads and compiles the views. */
export function createRender(): Render {
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
