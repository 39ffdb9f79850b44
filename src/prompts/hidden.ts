import type { Markdown, Range } from '../text/markdown.ts';

/** Comments, what browsers take for such (`<?…>`, `<!…>`, `</ …>`), and tags, whose attributes may hold any of these as text. */
const PIECES =
  /(<!---?>|<!--[\s\S]*?-->|<!--[\s\S]*$|<[?!][^>]*(?:>|$)|<\/(?![a-z])[^>]*(?:>|$))|<\/?[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi;

/** What of a text people on GitHub do not see, in order. https://html.spec.whatwg.org/#comments */
export function hiddenRanges(text: string, { html, definitions, readTo }: Markdown): Range[] {
  const comments = html.flatMap(({ from, to }) =>
    [...text.slice(from, to).matchAll(PIECES)]
      .filter(([, comment]) => comment !== undefined)
      .map(({ 0: { length }, index }) => ({ from: from + index, to: from + index + length })),
  );
  const unused = definitions.filter(({ from, to, label }) => isUnused(text, { from, to, label }));
  const open = unclosed(text, comments);
  const ranges = [...comments, ...unused, ...(open === undefined ? [] : [{ from: open, to: readTo }])];
  return ranges.toSorted((one, other) => one.from - other.from || other.to - one.to);
}

/** Without the ranges, which are in order and may overlap. */
export function withoutRanges(text: string, ranges: readonly Range[]): string {
  let shown = '';
  let at = 0;
  for (const { from, to } of ranges) {
    if (from > at) shown += text.slice(at, from);
    at = Math.max(at, to);
  }
  return shown + text.slice(at);
}

/** A comment that raw HTML opens and does not close hides all that follows, whatever the Markdown behind it says. */
function unclosed(text: string, comments: readonly Range[]): number | undefined {
  return comments.find(({ from, to }) => text.startsWith('<!--', from) && !text.slice(from, to).endsWith('>'))
    ?.from;
}

function isUnused(text: string, { from, to, label }: Range & { label: string }): boolean {
  const others = `${text.slice(0, from)}${text.slice(to)}`.toLowerCase().replaceAll(/\s+/g, ' ');
  return !others.includes(`[${label}]`);
}
