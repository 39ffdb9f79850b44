import Handlebars from 'handlebars';
import type { Problem } from '../base/errors.ts';
import { cutWithNotice } from './cut.ts';
import { templateError } from './errors.ts';
import { createMark, fence } from './fence.ts';
import { MAX_PROMPT_CHARACTERS, MAX_VARIABLE_CHARACTERS, VARIABLE_OVERHEAD_CHARACTERS } from './limits.ts';
import { sanitize } from './sanitize.ts';
import { readTemplate } from './template.ts';

/** What is wrong with a template whose variables are called `names`; nothing is rendered. */
export function checkTemplate(template: string, names: readonly string[]): Problem[] {
  return [...readTemplate(template, names).problems];
}

/**
 * A template with the values in their places, sanitised and cut, at most MAX_PROMPT_CHARACTERS long; the variables
 * are cut shorter where they would not fit. What a value says is never read as Handlebars. Throws the template's
 * first problem (`prompt_syntax`, `prompt_unknown_name`, `prompt_unknown_helper`, `prompt_not_allowed`,
 * `prompt_too_long`).
 */
export function renderPrompt(parts: { template: string; values: Readonly<Record<string, string>> }): string {
  const values = Object.entries(parts.values).map(([name, value]) => [name, sanitize(value)]);
  return renderText({ template: parts.template, values: Object.fromEntries(values) });
}

/** The same with values that stay as they are, for texts that go to people and were made safe for them. */
export function renderText(parts: { template: string; values: Readonly<Record<string, string>> }): string {
  const { program, uses, problems } = readTemplate(parts.template, Object.keys(parts.values));
  if (problems[0]) throw templateError(problems[0]);
  const texts = new Map(Object.entries(parts.values));
  const limit = fittingLimit(parts.template, uses, texts);
  const shown = Object.fromEntries([...texts].map(([name, text]) => [name, cutWithNotice(text, limit)]));
  const handlebars = createHandlebars(createMark(Object.values(shown)));
  const render = handlebars.compile(program, {
    strict: true,
    noEscape: true,
    knownHelpersOnly: true,
    knownHelpers: { untrusted: true, each: false, with: false, log: false, lookup: false },
  });
  return render(shown, { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
}

/** Handlebars with the three helpers of prompts and no other. */
function createHandlebars(mark: string): typeof Handlebars {
  const handlebars = Handlebars.create();
  for (const helper of Object.keys(handlebars.helpers)) handlebars.unregisterHelper(helper);
  handlebars.registerHelper({
    untrusted: (text: string) => fence(text, mark),
    if(this: unknown, text: string, { fn, inverse }: Handlebars.HelperOptions) {
      return holds(text) ? fn(this) : inverse(this);
    },
    unless(this: unknown, text: string, { fn, inverse }: Handlebars.HelperOptions) {
      return holds(text) ? inverse(this) : fn(this);
    },
  });
  return handlebars;
}

/** All values are texts by now; what was false, 0 or nothing before must still not hold. */
function holds(text: string): boolean {
  return !['', 'false', '0'].includes(text.trim());
}

/** The largest limit, halved from MAX_VARIABLE_CHARACTERS, with which everything fits whatever branches are taken. */
function fittingLimit(
  template: string,
  uses: ReadonlyMap<string, number>,
  texts: ReadonlyMap<string, string>,
): number {
  const lengths = [...uses].map(([name, count]) => ({ count, length: texts.get(name)?.length ?? 0 }));
  const total = (limit: number): number =>
    lengths.reduce(
      (sum, { count, length }) => sum + count * (Math.min(length, limit) + VARIABLE_OVERHEAD_CHARACTERS),
      template.length,
    );
  let limit = MAX_VARIABLE_CHARACTERS;
  while (total(limit) > MAX_PROMPT_CHARACTERS && limit > 0) limit = Math.floor(limit / 2);
  return limit;
}
