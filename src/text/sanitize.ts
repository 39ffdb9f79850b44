import { visible } from '../base/text.ts';
import { type Markdown, type Range, readMarkdown } from './markdown.ts';

/**
 * A text from GitHub as people see it there: without control, bidi and zero-width characters, HTML comments and what
 * browsers take for such, and definitions that nothing refers to, with `\n` for every line end and U+FFFD for a lone
 * surrogate. Code is seen, so what looks like a comment in it stays. Doing it again changes nothing.
 */
export function sanitize(text: string): string {
  const seen = visible(text);
  return MAY_HIDE.test(seen) ? withoutHidden(seen) : seen;
}

const MAY_HIDE = /<[!?/]|\]:/;

/** A longer text was not written by a person, and is read without the parser. */
const PARSED_CHARACTERS = 150_000;

/** How often a text is read again, because the text on both sides of a removed comment may form another one. */
const ROUNDS = 8;

function withoutHidden(text: string): string {
  let seen = text;
  for (let round = 0; round < ROUNDS && seen.length <= PARSED_CHARACTERS; round += 1) {
    const read = readMarkdown(seen);
    const shown = withoutRanges(seen, hiddenRanges(seen, read));
    const rest = read.readTo < seen.length ? withoutComments(seen.slice(read.readTo)) : '';
    const next =
      read.readTo < seen.length ? shown.slice(0, shown.length - (seen.length - read.readTo)) + rest : shown;
    if (next === seen) return seen;
    seen = next;
  }
  return withoutComments(seen);
}

const COMMENT_END = '-->';

/** In one pass, so that what a removed comment leaves on both sides cannot become another. */
function withoutComments(text: string): string {
  const kept = new Uint16Array(text.length);
  let length = 0;
  let at = 0;
  while (at < text.length) {
    kept[length] = text.charCodeAt(at);
    length += 1;
    at += 1;
    if (!endsWithCommentStart(kept, length)) continue;
    length -= 4;
    at = afterComment(text, at);
  }
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(kept.subarray(0, length));
}

function endsWithCommentStart(kept: Uint16Array, length: number): boolean {
  return (
    kept[length - 1] === 0x2d &&
    kept[length - 2] === 0x2d &&
    kept[length - 3] === 0x21 &&
    kept[length - 4] === 0x3c
  );
}

/** Where the comment ends whose inside begins at `at`; `<!-->` and `<!--->` are whole comments in HTML. */
function afterComment(text: string, at: number): number {
  if (text.startsWith('>', at)) return at + 1;
  if (text.startsWith('->', at)) return at + 2;
  const end = text.indexOf(COMMENT_END, at);
  return end === -1 ? text.length : end + COMMENT_END.length;
}

/** Comments, what browsers take for such (`<?…>`, `<!…>`, `</ …>`), and tags, whose attributes may hold any of these as text. */
const PIECES =
  /(<!---?>|<!--[\s\S]*?-->|<!--[\s\S]*$|<[?!][^>]*(?:>|$)|<\/(?![a-z])[^>]*(?:>|$))|<\/?[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi;

/** The ranges of a text that GitHub does not show, in order. https://html.spec.whatwg.org/#comments */
function hiddenRanges(text: string, { html, definitions, readTo }: Markdown): Range[] {
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
function withoutRanges(text: string, ranges: readonly Range[]): string {
  let shown = '';
  let at = 0;
  for (const { from, to } of ranges) {
    if (from > at) shown += text.slice(at, from);
    at = Math.max(at, to);
  }
  return shown + text.slice(at);
}

/** A comment that raw HTML opens and does not close hides everything behind it, whatever Markdown follows. */
function unclosed(text: string, comments: readonly Range[]): number | undefined {
  return comments.find(({ from, to }) => text.startsWith('<!--', from) && !text.slice(from, to).endsWith('>'))
    ?.from;
}

function isUnused(text: string, { from, to, label }: Range & { label: string }): boolean {
  const others = `${text.slice(0, from)}${text.slice(to)}`.toLowerCase().replaceAll(/\s+/g, ' ');
  return !others.includes(`[${label}]`);
}
