/** Finds many texts at once in one pass over another. */
export type Scanner = {
  /** Calls `found` for every place where a needle stands, overlapping ones too, by ascending start. */
  scan(text: string, found: (start: number, end: number) => void): void;
  /** The first place from which the end of `text`, at least `least` characters of it, may be the beginning of a needle; its length if there is none. */
  openFrom(text: string, least?: number): number;
  /** The length of the longest needle. */
  reach: number;
  /** Whether these three characters, by their codes, may stand in a row in a needle; seldom wrong. */
  mayHold(one: number, two: number, three: number): boolean;
};

/** The part at the start of each needle that is looked for in steps. */
const MAX_WINDOW = 8;

const PAIRS = 65_536;

/**
 * A scanner for the given needles, each of at least two characters.
 *
 * It steps over the text by the two last characters of a window as long as the shortest needle (at most 8), as
 * Wu and Manber do, so that text without secrets costs about one look in five characters.
 */
export function createScanner(needles: readonly string[]): Scanner {
  const window = needles.reduce((length, text) => Math.min(length, text.length), MAX_WINDOW);
  const steps = new Uint8Array(PAIRS).fill(window - 1);
  const byWindowEnd = new Map<number, string[]>();
  const byStart = new Map<number, string[]>();
  const starts = new Uint8Array(PAIRS);
  const firsts = new Uint8Array(PAIRS);
  const pairs = new Uint8Array(PAIRS);
  const triples = new Uint8Array(PAIRS);
  for (const needle of needles) {
    for (let at = 0; at < window - 1; at += 1) {
      const pair = pairAt(needle, at);
      steps[pair] = Math.min(steps[pair] ?? 0, window - 2 - at);
    }
    addTo(byWindowEnd, pairAt(needle, window - 2), needle);
    addTo(byStart, pairAt(needle, 0), needle);
    starts[pairAt(needle, 0)] = 1;
    firsts[needle.charCodeAt(0)] = 1;
    for (let at = 0; at < needle.length - 1; at += 1) pairs[pairAt(needle, at)] = 1;
    for (let at = 0; at < needle.length - 2; at += 1)
      triples[tripleOf(needle.charCodeAt(at), needle.charCodeAt(at + 1), needle.charCodeAt(at + 2))] = 1;
  }
  const reach = needles.reduce((longest, needle) => Math.max(longest, needle.length), 0);

  return {
    reach,
    scan(text, found) {
      if (needles.length === 0) return;
      let pairStart = window - 2;
      while (pairStart < text.length - 1) {
        const pair = pairAt(text, pairStart);
        const step = steps[pair] ?? 1;
        if (step === 0) {
          const start = pairStart - (window - 2);
          for (const needle of byWindowEnd.get(pair) ?? [])
            if (stands(needle, text, start)) found(start, start + needle.length);
        }
        pairStart += step || 1;
      }
    },
    mayHold: (one, two, three) => triples[tripleOf(one, two, three)] === 1,
    openFrom(text, least = 1) {
      const last = text.length - 1;
      const stop = Math.min(last - 1, text.length - least);
      const mayBeOpen = stop >= 0 && pairs[pairAt(text, last - 1)] === 1;
      for (let start = Math.max(0, text.length - reach); mayBeOpen && start <= stop; start += 1) {
        const pair = pairAt(text, start);
        if (starts[pair] === 0) continue;
        if (byStart.get(pair)?.some((needle) => isOpen(needle, text, start))) return start;
      }
      return least === 1 && last >= 0 && firsts[text.charCodeAt(last)] === 1 ? last : text.length;
    },
  };
}

/** Tokens of one kind begin alike, so their last characters are compared first. */
function stands(needle: string, text: string, start: number): boolean {
  const last = needle.length - 1;
  return text.charCodeAt(start + last) === needle.charCodeAt(last) && text.startsWith(needle, start);
}

function isOpen(needle: string, text: string, start: number): boolean {
  const length = text.length - start;
  if (length >= needle.length) return false;
  for (let at = 2; at < length; at += 1)
    if (text.charCodeAt(start + at) !== needle.charCodeAt(at)) return false;
  return (
    text.charCodeAt(start) === needle.charCodeAt(0) && text.charCodeAt(start + 1) === needle.charCodeAt(1)
  );
}

/** Two neighbouring characters as one number; different pairs beyond ASCII may share one. */
function pairAt(text: string, at: number): number {
  return (text.charCodeAt(at) * 257 + text.charCodeAt(at + 1)) & (PAIRS - 1);
}

function tripleOf(one: number, two: number, three: number): number {
  return (one * 4099 + two * 67 + three) & (PAIRS - 1);
}

function addTo(map: Map<number, string[]>, key: number, needle: string): void {
  const list = map.get(key);
  if (list) list.push(needle);
  else map.set(key, [needle]);
}
