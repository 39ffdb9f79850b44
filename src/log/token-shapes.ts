import { keyBlockEnd } from './key-block.ts';

/** Finds what looks like a well-known service's token or a private key, whoever handed it out. */
export type ShapeScanner = {
  /** Calls `found` for every place not before `from` where one stands, by ascending start. */
  scan(text: string, from: number, found: (start: number, end: number) => void): void;
  /** The first place not before `from` from which the end of `text` may be the beginning of one; its length if there is none. */
  openFrom(text: string, from: number): number;
};

/** How many characters before a place tell whether a word begins there. */
export const SHAPE_CONTEXT = 24;

/** What follows `prefix`: `min` to `max` characters of `body`, after which a whole word must be over when `isExact`. */
type Shape = {
  prefix: string;
  body: Kind;
  min: number;
  max: number;
  /** Whether at least one digit must be among them: ordinary words have none. */
  hasDigit?: true;
  isExact?: true;
  /** Whether quotes, blanks and `=` or `:` stand between, as after the name of a setting. */
  isNamed?: true;
};

const MAX = 1024;
const UPPER = kindOf(/[A-Z0-9]/);
const LETTERS = kindOf(/[A-Za-z0-9]/);
const WORD = kindOf(/[A-Za-z0-9_]/);
const DASHED = kindOf(/[A-Za-z0-9_-]/);
const DOTTED = kindOf(/[A-Za-z0-9_.-]/);
const HYPHENS = kindOf(/[A-Za-z0-9-]/);
const SLASHED = kindOf(/[A-Za-z0-9/]/);
const BASE64 = kindOf(/[A-Za-z0-9+/=]/);
const BETWEEN = kindOf(/[\s"'=:\\]/);

/** A kind of ASCII characters, by their codes. */
type Kind = Uint8Array;

function kindOf(pattern: RegExp): Kind {
  return Uint8Array.from({ length: 128 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/**
 * GitHub, OpenAI, Anthropic, Google, AWS, Slack. A prefix is as long as what follows it is loose.
 * https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html, https://docs.slack.dev/authentication/tokens
 */
const SHAPES: readonly Shape[] = [
  ...['ghp_', 'gho_', 'ghu_', 'ghr_'].map((prefix) => ({
    prefix,
    body: WORD,
    min: 16,
    max: MAX,
    hasDigit: true as const,
  })),
  // Newer tokens of Apps hold a JSON Web Token: https://github.blog/changelog/label/github-apps/
  { prefix: 'ghs_', body: DOTTED, min: 16, max: 4 * MAX, hasDigit: true },
  { prefix: 'github_pat_', body: WORD, min: 20, max: MAX },
  ...['ant-', 'proj-', 'svcacct-', 'admin-'].map((kind) => ({
    prefix: `sk-${kind}`,
    body: DASHED,
    min: 16,
    max: MAX,
    hasDigit: true as const,
  })),
  { prefix: 'sk-', body: LETTERS, min: 32, max: MAX, hasDigit: true },
  { prefix: 'AIza', body: DASHED, min: 30, max: MAX, hasDigit: true },
  { prefix: 'ya29.', body: DASHED, min: 20, max: MAX },
  { prefix: 'GOCSPX-', body: DASHED, min: 20, max: MAX },
  ...['AKIA', 'ASIA'].map((prefix) => ({
    prefix,
    body: UPPER,
    min: 16,
    max: 16,
    isExact: true as const,
  })),
  ...['_access_key', '_ACCESS_KEY', 'AccessKey'].map((prefix) => ({
    prefix,
    body: BASE64,
    min: 40,
    max: 40,
    isExact: true as const,
    isNamed: true as const,
  })),
  ...['xoxa-', 'xoxb-', 'xoxe-', 'xoxe.xoxb-', 'xoxe.xoxp-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'].map(
    (prefix) => ({ prefix, body: HYPHENS, min: 10, max: MAX, hasDigit: true as const }),
  ),
  { prefix: 'hooks.slack.com/services/', body: SLASHED, min: 20, max: MAX },
];

const KEY_BLOCK = '-----BEGIN ';
const DASH = 45;

/** The shapes by the first two characters of their prefix. */
const BY_START = Map.groupBy(SHAPES, ({ prefix }) => startOf(prefix, 0));

/** A shape that stands in a text, or the beginning of one. */
type Found = { start: number; end: number; isOpen: boolean };

/** Matches, with no length, wherever a prefix stands. */
const STARTS =
  /(?=gh[opsur]_|github_pat_|sk-|AIza|ya29\.|GOCSPX-|A[KS]IA|xox[a-z][-.]|xapp-|hooks\.slack\.com\/services\/|_access_key|_ACCESS_KEY|AccessKey|-----BEGIN )/g;

/** What may end with a letter or a digit and is no part of a word: line ends in JSON, `%3D`, the colours of a terminal. */
const ESCAPE = /(?:\\(?:[abefnrtv0]|x[\da-f]{2}|u[\da-f]{4})|%[\da-f]{2}|\[[\d;]{0,18}[a-z])$/i;

/** How far before the end of a text a token may begin that is still open, and a key. */
const REACH = 4 * MAX + 64;
const KEY_REACH = 17 * 1024;

/** Every beginning of a prefix, itself not among them. */
const PARTS = new Set(
  [...SHAPES.map(({ prefix }) => prefix), KEY_BLOCK].flatMap((prefix) =>
    Array.from({ length: prefix.length - 1 }, (_, length) => prefix.slice(0, length + 1)),
  ),
);
const LONGEST_PART = Math.max(...[...PARTS].map((part) => part.length));

/** The scanner for the shapes of this file; it keeps nothing between calls. */
export const shapeScanner: ShapeScanner = {
  scan(text, from, found) {
    const looking = new RegExp(STARTS);
    looking.lastIndex = from;
    while (looking.test(text)) {
      const shape = shapeAt(text, looking.lastIndex);
      if (shape && shape.end > shape.start) found(shape.start, shape.end);
      looking.lastIndex += 1;
    }
  },
  openFrom(text, from) {
    const key = text.indexOf(KEY_BLOCK, Math.max(from, text.length - KEY_REACH));
    const looking = new RegExp(STARTS);
    looking.lastIndex = key >= 0 ? key : Math.max(from, text.length - REACH);
    while (looking.test(text)) {
      if (shapeAt(text, looking.lastIndex)?.isOpen) return looking.lastIndex;
      looking.lastIndex += 1;
    }
    for (let length = Math.min(LONGEST_PART, text.length - from); length > 0; length -= 1)
      if (PARTS.has(text.slice(-length))) return text.length - length;
    return text.length;
  },
};

function startOf(text: string, at: number): number {
  return text.charCodeAt(at) * 128 + text.charCodeAt(at + 1);
}

/** The longest shape at `at`; `end` is its start while there is too little of it. */
function shapeAt(text: string, at: number): Found | undefined {
  if (text.charCodeAt(at) === DASH) {
    const block = keyBlockEnd(text, at);
    return block && { start: at, ...block };
  }
  let best: Found | undefined;
  for (const shape of BY_START.get(startOf(text, at)) ?? []) {
    const found = text.startsWith(shape.prefix, at) ? readShape(text, at, shape) : undefined;
    if (found) best = longer(best, found);
  }
  // `sk-` at the end of a text may become `sk-ant-`.
  if (text.length - at > LONGEST_PART || !PARTS.has(text.slice(at))) return best;
  return longer(best, { start: at, end: at, isOpen: true });
}

function longer(one: Found | undefined, other: Found): Found {
  if (!one) return other;
  return { ...(other.end > one.end ? other : one), isOpen: one.isOpen || other.isOpen };
}

function readShape(text: string, at: number, shape: Shape): Found | undefined {
  const { prefix, body, min, max, hasDigit, isExact, isNamed } = shape;
  if (!isNamed && isInsideWord(text, at)) return undefined;
  const after = at + prefix.length;
  const from = isNamed ? skip(text, after, BETWEEN, 8) : after;
  if (isNamed && from === after && from < text.length) return undefined;
  const run = skip(text, from, body, max);
  const isOpen = run === text.length && run < from + max + (isExact ? 1 : 0);
  const start = isNamed ? from : at;
  if (!isOpen && run - from < min) return undefined;
  const end = isExact ? run : trimmed(text, from, run);
  const isWhole =
    end - from >= min &&
    (!hasDigit || /\d/.test(text.slice(from, end))) &&
    (!isExact || run === text.length || !has(BASE64, text, run));
  return isWhole || isOpen ? { start, end: isWhole ? end : start, isOpen } : undefined;
}

function isInsideWord(text: string, at: number): boolean {
  if (at === 0 || !has(LETTERS, text, at - 1)) return false;
  return !ESCAPE.test(text.slice(Math.max(0, at - SHAPE_CONTEXT), at));
}

function has(kind: Kind, text: string, at: number): boolean {
  return kind[text.charCodeAt(at)] === 1;
}

/** The first place from `from` on, `max` characters further at the most, that is not of `kind`. */
function skip(text: string, from: number, kind: Kind, max: number): number {
  const limit = Math.min(text.length, from + max);
  let at = from;
  while (at < limit && has(kind, text, at)) at += 1;
  return at;
}

/** A sentence's full stop or a dash after a token is not part of it. */
function trimmed(text: string, from: number, end: number): number {
  let last = end;
  while (last > from && /[.\-/]/.test(text.charAt(last - 1))) last -= 1;
  return last;
}
