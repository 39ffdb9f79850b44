import { createScanner } from './scanner.ts';
import { shapeScanner } from './token-shapes.ts';
import { lastLineEnd } from './unwrap.ts';
import { eachView, type Looks, type View } from './views.ts';

/** What stands from `start` to `end` is a secret. */
export type Span = readonly [start: number, end: number];

/** What was found in a text; from `open` on its end may be the beginning of something. */
export type Findings = { spans: Span[]; open: number };

/** Looks for values in every view of a text, and for what has the shape of a token. */
export type Finder = {
  /** Spans by ascending start, with `isPartial` of a text that may go on; of tokens by their shape only those that begin at `from` or later. */
  look(text: string, from: number, isPartial: boolean): Findings;
  /** Whether a value stands in bytes, each the character of its number, in any spelling. */
  holds(bytes: string): boolean;
  /** How long the longest text is that is looked for. */
  reach: number;
};

/** Of what is joined over line ends, so much must stand before one to wait for the next line. */
const LEAST_JOINED = 4;
/** And so many bytes of what base64 and hex stand for. */
const LEAST_DECODED = 3;
/** So many, before an escape at their end is waited for. */
const LEAST_SPELT = 8;

/** A finder of the values whose needles are given, of none but token shapes when there are no needles. */
export function createFinder(needles: Iterable<string>): Finder {
  const texts = [...new Set(needles)];
  const scanner = createScanner(texts);
  const looks: Looks = {
    isBytes: false,
    isBinary: false,
    isPartial: false,
    isWide: texts.some((text) => /[^\0-\x7f]/.test(text)),
    mayHold: scanner.mayHold,
  };
  return {
    reach: scanner.reach,
    look(text, from, isPartial) {
      const spans: Span[] = [];
      const least = /[\r\n]$/.test(text) ? LEAST_JOINED : 1;
      let open = text.length;
      let isRoot = true;
      const read = (view: View): void => {
        scanner.scan(
          view.text,
          (start, end) => void spans.push([firstPlace(text, view, start), view.end(end)]),
        );
        const shape = shapeScanner.scan(view.text, isRoot ? from : 0, ({ start, end }) => {
          const span: Span = [view.start(start), view.end(end)];
          const isSpelt = span[0] >= from && text.slice(...span) !== view.text.slice(start, end);
          if (isRoot || isSpelt) spans.push(span);
        });
        isRoot = false;
        if (!view.reachesEnd || !isPartial) return;
        if (view.isDecoded && view.text.length < LEAST_DECODED) return;
        const isKnown = !view.isDecoded || view.text.length >= LEAST_SPELT;
        const value = openFrom(view, least);
        const begins = view.isDecoded ? value : Math.min(shape, value);
        if (begins < view.text.length) open = Math.min(open, view.start(begins));
        if (isKnown) open = Math.min(open, view.openAt ?? open);
      };
      if (texts.length > 0) eachView(text, { ...looks, isPartial }, read);
      else
        read({
          text,
          start: (at) => at,
          end: (at) => at,
          reachesEnd: true,
          isJoined: false,
          isDecoded: false,
        });
      return { spans: spans.length > 1 ? spans.sort(([one], [other]) => one - other) : spans, open };
    },
    holds(bytes) {
      let isFound = false;
      const found = (): void => {
        isFound = true;
      };
      eachView(
        bytes,
        { ...looks, isBytes: true, isBinary: isBinary(bytes) },
        (view) => isFound || scanner.scan(view.text, found),
      );
      return isFound;
    },
  };

  function openFrom({ text, isJoined, isDecoded }: View, least: number): number {
    const open = scanner.openFrom(text, isDecoded ? LEAST_DECODED : isJoined ? least : 1);
    const lineEnd = lastLineEnd(text);
    if (lineEnd === text.length) return open;
    return Math.min(open, firstIf(scanner.openFrom(text.slice(0, lineEnd), LEAST_JOINED), lineEnd, open));
  }
}

/** Whether so much of the beginning of bytes is neither text nor UTF-16 that there are no escapes to take off. */
function isBinary(bytes: string): boolean {
  const sample = bytes.slice(0, 4096);
  return sample.replaceAll(/[\t\n\r\x20-\x7e\0]+/g, '').length * 4 > sample.length && sample.includes('\0');
}

function firstIf(found: number, none: number, otherwise: number): number {
  return found < none ? found : otherwise;
}

/** A line end, raw or as JSON writes it. */
const LINE_END = /[\r\n]|\\[rn]/;

/** Where a value begins: what stood alone before a line end, and was too little to be known, was shown before. */
function firstPlace(text: string, view: View, start: number): number {
  let first = start;
  for (let at = start + 1; view.isJoined && at < start + LEAST_JOINED; at += 1)
    if (LINE_END.test(text.slice(view.end(at), view.start(at)))) first = at;
  return view.start(first);
}
