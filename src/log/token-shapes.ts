import { isKeyHead, keyBlockEnd } from './key-block.ts';
import { ROWS, type Row, type TokenAlphabet } from './token-table.ts';

/** What has the shape of a well-known service's token or of a private key stands from `start` to `end`. */
type ShapeFound = { start: number; end: number; what: string };

/** Finds what looks like a well-known service's token or a private key, whether it was granted or not. */
type ShapeScanner = {
  /**
   * Calls `found` for every place not before `from` where one stands, by ascending start. Gives the first place not
   * before `from` from which the end of `text` may be the beginning of one, with `mayGoOn`; its
   * length if there is none.
   */
  scan(text: string, from: number, found: (shape: ShapeFound) => void, mayGoOn?: boolean): number;
};

/** How many characters before a place decide whether a word begins there. */
export const SHAPE_CONTEXT = 32;

const MAX = 1024;

const KINDS: Readonly<Record<TokenAlphabet, Uint8Array>> = {
  upper: kindOf(/[A-Z0-9]/),
  hex: kindOf(/[0-9a-f]/),
  letters: kindOf(/[A-Za-z0-9]/),
  word: kindOf(/[A-Za-z0-9_]/),
  dashed: kindOf(/[A-Za-z0-9_-]/),
  dotted: kindOf(/[A-Za-z0-9_.-]/),
  hyphens: kindOf(/[A-Za-z0-9-]/),
  slashed: kindOf(/[A-Za-z0-9/]/),
  base64: kindOf(/[A-Za-z0-9+/=_-]/),
  any: kindOf(/[A-Za-z0-9+/=_.~%:-]/),
};
const NO_DIGIT = kindOf(/\D/);
const BETWEEN = kindOf(/[\s"'=:\\]/);
const WORD_GOES_ON = kindOf(/[A-Za-z0-9+/=]/);

function kindOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

const KEY_BLOCK = '-----BEGIN ';
const DASH = 45;

type Shape = Row & { prefix: string };

const SHAPES: readonly Shape[] = ROWS.flatMap((row) => row.prefixes.map((prefix) => ({ ...row, prefix })));

/** The shapes by the first three characters of their prefix, and which threes there are. */
const BY_START = Map.groupBy(SHAPES, ({ prefix }) => startOf(prefix, 0));
const THREES = 128 ** 3;
const IS_START = new Uint8Array(THREES);
for (const start of [...BY_START.keys(), startOf(KEY_BLOCK, 0)]) IS_START[start] = 1;

/** A shape that stands in a text, or the beginning of one. */
type Found = { start: number; end: number; isOpen: boolean; what: string };

/** Escapes that may end with a letter or a digit and are no part of a word: line ends in JSON, `%3D`, the colours of a terminal. */
const ESCAPE = /(?:\\(?:[abefnrtv0]|x[\da-f]{2}|u[\da-f]{4})|%[\da-f]{2}|\[[\d;]{0,18}[a-z])$/i;

/** Every beginning of a prefix, itself not among them, with the shapes that it may become. */
const PARTS = new Map<string, Shape[]>();
for (const shape of [
  ...SHAPES,
  { prefix: KEY_BLOCK, what: '', prefixes: [], body: 'any', min: 0, after: /$/ } as const,
])
  for (let length = 1; length < shape.prefix.length; length += 1) {
    const part = shape.prefix.slice(0, length);
    PARTS.set(part, [...(PARTS.get(part) ?? []), shape]);
  }
const LONGEST_PART = Math.max(...[...PARTS.keys()].map((part) => part.length));
const IN_PARTS = kindOf(new RegExp(`[${[...new Set([...PARTS.keys()].join(''))].map(escaped).join('')}]`));

function escaped(character: string): string {
  return /[A-Za-z0-9]/.test(character) ? character : `\\${character}`;
}

/** The scanner for the shapes of the table; it keeps nothing between calls. */
export const shapeScanner: ShapeScanner = {
  scan(text, from, found, mayGoOn = true) {
    let open = text.length;
    const skip = createSkipper(text);
    let three = ((text.charCodeAt(from) & 127) << 7) | (text.charCodeAt(from + 1) & 127);
    for (let next = from + 2; next < text.length; next += 1) {
      three = ((three << 7) & (THREES - 1)) | (text.charCodeAt(next) & 127);
      if (IS_START[three] !== 1) continue;
      const shape = shapeAt(text, next - 2, skip);
      if (shape && shape.end > shape.start) found(shape);
      if (shape?.isOpen) open = Math.min(open, next - 2);
    }
    return mayGoOn ? Math.min(open, partFrom(text, from)) : open;
  },
};

/** What of a known shape a text holds, in words (`a GitHub token`), or undefined; the first line of a private key is enough. */
export function tokenIn(text: string): string | undefined {
  let what: string | undefined;
  shapeScanner.scan(text, 0, (shape) => {
    what ??= shape.what;
  });
  return what ?? (isKeyHead(text) ? 'a private key' : undefined);
}

function startOf(text: string, at: number): number {
  const [one, two, three] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
  return ((one & 127) << 14) | ((two & 127) << 7) | (three & 127);
}

/** The place from which the end of a text is the beginning of a prefix; its length if there is none. */
function partFrom(text: string, from: number): number {
  if (IN_PARTS[text.charCodeAt(text.length - 1)] !== 1) return text.length;
  for (let length = Math.min(LONGEST_PART, text.length - from); length > 0; length -= 1) {
    const at = text.length - length;
    if (PARTS.get(text.slice(at))?.some((shape) => mayBeginAt(text, at, shape))) return at;
  }
  return text.length;
}

/** The longest shape at `at`; `end` is its start while there is too little of it. */
function shapeAt(text: string, at: number, skip: Skip): Found | undefined {
  if (text.charCodeAt(at) === DASH) {
    const block = keyBlockEnd(text, at);
    return block && { start: at, what: 'a private key', ...block };
  }
  let best: Found | undefined;
  for (const shape of BY_START.get(startOf(text, at)) ?? []) {
    const found = text.startsWith(shape.prefix, at) ? readShape(text, at, shape, skip) : undefined;
    if (found) best = longer(best, found);
  }
  // `sk-` at the end of a text may become `sk-ant-`.
  if (text.length - at > LONGEST_PART || !PARTS.has(text.slice(at))) return best;
  return longer(best, { start: at, end: at, isOpen: true, what: '' });
}

function longer(one: Found | undefined, other: Found): Found {
  if (!one) return other;
  return { ...(other.end > one.end ? other : one), isOpen: one.isOpen || other.isOpen };
}

function readShape(text: string, at: number, shape: Shape, skip: Skip): Found | undefined {
  const { prefix, body, min, max = MAX, isExact, isNamed, what } = shape;
  if (!mayBeginAt(text, at, shape)) return undefined;
  const after = at + prefix.length;
  const from = isNamed ? skip(BETWEEN, after, 8) : after;
  if (isNamed && from === after && from < text.length) return undefined;
  const run = skip(KINDS[body], from, max);
  const isOpen = run === text.length && run < from + max + (isExact ? 1 : 0);
  const start = isNamed ? from : at;
  if (!isOpen && run - from < min) return undefined;
  const end = wholeEnd(text, { at, from, run, digit: skip(NO_DIGIT, from, max) }, shape);
  return end !== undefined || isOpen ? { start, end: end ?? start, isOpen, what } : undefined;
}

function mayBeginAt(text: string, at: number, { after, isNamed, isApart }: Shape): boolean {
  if (isNamed) return true;
  if (after) return after.test(text.slice(Math.max(0, at - SHAPE_CONTEXT), at));
  if (at === 0 || !has(isApart ? KINDS.dashed : KINDS.letters, text, at - 1)) return true;
  return has(KINDS.letters, text, at - 1) && ESCAPE.test(text.slice(Math.max(0, at - SHAPE_CONTEXT), at));
}

/** Where a token ends, if it is one; a sentence's full stop or a dash after it is not part of it. */
function wholeEnd(
  text: string,
  { at, from, run, digit }: { at: number; from: number; run: number; digit: number },
  { min, hasDigit, isExact, whole }: Shape,
): number | undefined {
  let end = run;
  while (!isExact && end > from && /[.\-/:%~]/.test(text.charAt(end - 1))) end -= 1;
  if (whole) {
    const found = whole.exec(text.slice(at, end));
    if (!found) return undefined;
    end = at + found[0].length;
  }
  if (end - from < min || (hasDigit && digit >= end)) return undefined;
  return isExact && run < text.length && has(WORD_GOES_ON, text, run) ? undefined : end;
}

function has(kind: Uint8Array, text: string, at: number): boolean {
  return kind[text.charCodeAt(at)] === 1;
}

/** Gives the first place from `from` on, `max` characters further at the most, that is not of `kind`. */
type Skip = (kind: Uint8Array, from: number, max: number) => number;

/** Remembers the last run of each kind, so that a text of nothing but prefixes is not read again from each. */
function createSkipper(text: string): Skip {
  const runs = new Map<Uint8Array, { from: number; to: number }>();
  return (kind, from, max) => {
    const limit = Math.min(text.length, from + max);
    const run = runs.get(kind);
    let at = run && from >= run.from && from <= run.to ? Math.min(run.to, limit) : from;
    while (at < limit && has(kind, text, at)) at += 1;
    runs.set(kind, { from: run && from >= run.from && from <= run.to ? run.from : from, to: at });
    return at;
  };
}
