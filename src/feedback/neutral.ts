import { DIRECTIVES, JOINER, withoutClosingWords } from '../text/closing-words.ts';
import { isWithin, type Range, readMarkdown } from '../text/markdown.ts';

/** An address as GitHub links it; what stands in its path mentions nobody. */
const ADDRESS = /(?<![\p{L}\p{N}_])https?:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\/[^\s<>"'`]*/giu;

/** What does something on GitHub, up to the place where a joiner makes it harmless. */
const ACTIVE: readonly RegExp[] = [
  // A mention, but no address of mail.
  /@(?=[\w-])(?!(?<=[a-z0-9]@)(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w-]))/gi,
  // A character reference that stands for one of the others.
  /&(?=#|(?:commat|num|sol|colon|excl|lt|NewLine|Tab);)(?!lt;)/gi,
  // HTML, but no address between angle brackets.
  /<(?=[a-z!/?])(?!https?:\/\/[^\s<>@]*>)/gi,
  // A picture.
  /!(?=\[)/g,
  // What keeps checks from running, in a title or a text that becomes a commit.
  ...DIRECTIVES,
];

/** The same at the head of a line, where the place is the character behind: a command for another service, and a definition that links or footnotes elsewhere would be made with. */
const AT_HEAD: readonly RegExp[] = [
  /^[^\S\n]*(?:[>*+-][^\S\n]*)*(?=\/)/gm,
  /^[^\S\n]*(?:(?:[>*+-]|\d{1,9}[.)])[^\S\n]*)*\[[^\]\n]{1,999}\](?=:)/gm,
];

/** How often a text is parsed again: HTML that is harmless now may have hidden where code begins. */
const ROUNDS = 6;

/**
 * Markdown of others that can be shown on GitHub without doing anything there: it mentions nobody, starts no command,
 * closes no issue unless `keepClosing`, is no HTML, defines nothing that links elsewhere are made with, and loads no
 * picture. Code stays as it is, byte for byte. Doing it again changes nothing. Line ends are `\n`.
 */
export function neutral(text: string, { keepClosing = false } = {}): string {
  let shown = text;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { code, definitions } = readMarkdown(shown);
    const next = insertJoiners(shown, { code, definitions, keepClosing });
    if (next === shown) return shown;
    shown = next;
  }
  return neutralTitle(shown);
}

/** The same of text that is no Markdown, such as a title: what looks like code there protects nothing. */
export function neutralTitle(text: string, { keepClosing = false } = {}): string {
  return insertJoiners(text, { code: [], definitions: [], keepClosing });
}

function insertJoiners(
  text: string,
  { code, definitions, keepClosing }: { code: Range[]; definitions: Range[]; keepClosing: boolean },
): string {
  const addresses = [...text.matchAll(ADDRESS)].map(rangeOf);
  const places = ACTIVE.flatMap((active) => [...text.matchAll(active)].map(rangeOf))
    .concat(
      AT_HEAD.flatMap((head) => [...text.matchAll(head)].map(rangeOf).map(({ to }) => ({ from: to, to }))),
    )
    .concat(definitions.flatMap((range) => endOfLabel(text, range)))
    .filter(({ from, to }) => text[to] !== JOINER && !isWithin(code, from))
    .filter(({ from }) => text[from] !== '@' || !isWithin(addresses, from))
    .map(({ to }) => to);
  const ordered = [...new Set(places)].toSorted((one, other) => one - other);
  const joined = [0, ...ordered].map((at, nth) => text.slice(at, ordered[nth])).join(JOINER);
  return keepClosing ? joined : outsideOf(joined, code.length === 0 ? [] : readMarkdown(joined).code);
}

/** Closing words are found in the whole, and changed outside of code only. */
function outsideOf(text: string, code: readonly Range[]): string {
  return withoutClosingWords(text, (at) => isWithin(code, at));
}

function rangeOf({ 0: { length }, index }: RegExpExecArray): Range {
  return { from: index, to: index + length };
}

function endOfLabel(text: string, { from, to }: Range): Range[] {
  const end = text.slice(from, to).indexOf(']:');
  return end === -1 ? [] : [{ from: from + end, to: from + end + 1 }];
}
