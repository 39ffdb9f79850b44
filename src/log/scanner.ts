import type { Needle } from './encodings.ts';

/** Finds many texts at once in one pass over another. */
export type Scanner = {
  /** Calls `found` for every place where a needle stands, overlapping ones too, by ascending start. */
  scan(text: string, found: (start: number, end: number) => void): void;
  /** The first place from which the end of `text` may be the beginning of a needle; its length if there is none. */
  openFrom(text: string): number;
};

/** Line breaks inside a wrapped needle stand at least this many characters apart. */
const MIN_LINE_CHARACTERS = 16;

/** The longest line break: `\r\n` in JSON. */
const MAX_BREAK_CHARACTERS = 4;

/** The part at the start of each needle that is looked for in steps; longer would miss needles with a line break in it. */
const MAX_WINDOW = 8;

const PAIRS = 65_536;

/**
 * A scanner for the given needles, each of at least two characters.
 *
 * It steps over the text by the two last characters of a window as long as the shortest needle (at most 8), as
 * Wu and Manber do, so that text without secrets costs about one look in five characters.
 */
export function createScanner(needles: readonly Needle[]): Scanner {
  const window = needles.reduce((length, { text }) => Math.min(length, text.length), MAX_WINDOW);
  const steps = new Uint8Array(PAIRS).fill(window - 1);
  const byWindowEnd = new Map<number, Needle[]>();
  const byStart = new Map<number, Needle[]>();
  const starts = new Uint8Array(PAIRS);
  const firsts = new Set<number>();
  for (const needle of needles) {
    for (let at = 0; at < window - 1; at += 1) {
      const pair = pairAt(needle.text, at);
      steps[pair] = Math.min(steps[pair] ?? 0, window - 2 - at);
    }
    addTo(byWindowEnd, pairAt(needle.text, window - 2), needle);
    addTo(byStart, pairAt(needle.text, 0), needle);
    starts[pairAt(needle.text, 0)] = 1;
    firsts.add(needle.text.charCodeAt(0));
  }
  const reach = needles.reduce((longest, needle) => Math.max(longest, longestSpan(needle)), 0);

  return {
    scan(text, found) {
      if (needles.length === 0) return;
      let pairStart = window - 2;
      while (pairStart < text.length - 1) {
        const pair = pairAt(text, pairStart);
        const step = steps[pair] ?? 1;
        if (step === 0) {
          const start = pairStart - (window - 2);
          for (const needle of byWindowEnd.get(pair) ?? []) {
            const end = lastDiffers(needle, text, start) ? NO_MATCH : needleEnd(needle, text, start);
            if (end > start) found(start, end);
          }
        }
        pairStart += step || 1;
      }
    },
    openFrom(text) {
      const last = text.length - 1;
      for (let start = Math.max(0, text.length - reach); start < last; start += 1) {
        const pair = pairAt(text, start);
        if (starts[pair] === 0) continue;
        if (byStart.get(pair)?.some((needle) => needleEnd(needle, text, start) === OPEN)) return start;
      }
      return last >= 0 && firsts.has(text.charCodeAt(last)) ? last : text.length;
    },
  };
}

const NO_MATCH = -1;
const OPEN = -2;

/** Tokens of one kind begin alike, so their ends tell them apart sooner. */
function lastDiffers({ text: needle, wraps }: Needle, text: string, start: number): boolean {
  return !wraps && text.charCodeAt(start + needle.length - 1) !== needle.charCodeAt(needle.length - 1);
}

/** Where `needle` ends if it stands at `start`; OPEN if the text ends before that is known. */
function needleEnd(needle: Needle, text: string, start: number): number {
  let at = start;
  let line = MIN_LINE_CHARACTERS;
  for (let index = 0; index < needle.text.length; index += 1) {
    if (at >= text.length) return OPEN;
    if (text.charCodeAt(at) !== needle.text.charCodeAt(index)) {
      const next = needle.wraps && index > 0 && line >= MIN_LINE_CHARACTERS ? afterBreak(text, at) : at;
      if (next === OPEN || (next > at && next === text.length)) return OPEN;
      if (next === at || text.charCodeAt(next) !== needle.text.charCodeAt(index)) return NO_MATCH;
      at = next;
      line = 0;
    }
    at += 1;
    line += 1;
  }
  return at;
}

/** The place after a line break at `at`, raw or as JSON writes it; `at` itself if there is none. */
function afterBreak(text: string, at: number): number {
  const afterReturn = afterCharacter(text, at, 13, 114);
  return afterReturn === OPEN ? OPEN : afterCharacter(text, afterReturn, 10, 110);
}

function afterCharacter(text: string, at: number, raw: number, escaped: number): number {
  const code = text.charCodeAt(at);
  if (code === raw) return at + 1;
  if (code !== 92) return at;
  if (at + 1 === text.length) return OPEN;
  return text.charCodeAt(at + 1) === escaped ? at + 2 : at;
}

/** How many characters of text a needle may cover at most, line breaks included. */
function longestSpan({ text, wraps }: Needle): number {
  const breaks = wraps ? Math.ceil(text.length / MIN_LINE_CHARACTERS) + 1 : 0;
  return text.length + breaks * MAX_BREAK_CHARACTERS;
}

/** Two neighbouring characters as one number; different pairs beyond ASCII may share one. */
function pairAt(text: string, at: number): number {
  return (text.charCodeAt(at) * 257 + text.charCodeAt(at + 1)) & (PAIRS - 1);
}

function addTo(map: Map<number, Needle[]>, key: number, needle: Needle): void {
  const list = map.get(key);
  if (list) list.push(needle);
  else map.set(key, [needle]);
}
