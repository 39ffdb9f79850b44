import { createScanner, type Scanner } from './scanner.ts';
import { textBytes } from './text-rows.ts';
import { shapeScanner } from './token-shapes.ts';
import { lastLineEnd } from './unwrap.ts';
import { eachView, type Looks, type View } from './views.ts';

/** The place of a secret, from `start` to `end`. */
export type Span = readonly [start: number, end: number];

/** What was found in a text; the end from `open` on may be the beginning of a secret. */
type Findings = { spans: Span[]; open: number };

/** Looks for values in every view of a text, and for what has the shape of a token. */
export type Finder = {
  /** Spans by ascending start, with `isPartial` of a text that may go on; of tokens by their shape only those that begin at `from` or later. */
  look(text: string, from: number, isPartial: boolean): Findings;
  /** Whether a value stands in bytes, each the character of its number, in any spelling. */
  holds(bytes: string): boolean;
  /** The length of the longest searched text. */
  reach: number;
};

/** Of a value that is joined over line ends, so many characters must stand before one to wait for the next line. */
const LEAST_JOINED = 4;
/** The same in bytes of decoded base64 and hex. */
const LEAST_DECODED = 3;
/** The least decoded bytes before an escape at their end to wait for its rest. */
const LEAST_SPELT = 8;

/** A finder of the values whose needles are given, those for bare texts apart; of none but token shapes when there are no needles. */
export function createFinder(needles: Iterable<string>, bareNeedles: Iterable<string>): Finder {
  const texts = [...new Set(needles)];
  const scanner = createScanner(texts);
  const bareScanner = createScanner([...new Set(bareNeedles)]);
  const looks: Looks = {
    isBytes: false,
    isBinary: false,
    isPartial: false,
    isWide: texts.some((text) => /[^\0-\x7f]/.test(text)),
    isText: textBytes(texts),
    mayHold: scanner.mayHold,
    mayJoin: (...three) => scanner.mayHold(...three) || bareScanner.mayHold(...three),
  };
  return {
    reach: Math.max(scanner.reach, bareScanner.reach),
    look(text, from, isPartial) {
      const looking = {
        text,
        from,
        isPartial,
        scanner,
        bareScanner,
        spans: [],
        open: text.length,
        isRoot: true,
      };
      const read = (view: View): void =>
        view.only === 'bare' ? readBare(looking, view) : readView(looking, view);
      if (texts.length > 0) eachView(text, { ...looks, isPartial }, read);
      else read(rootView(text));
      return { spans: inOrder(looking.spans), open: looking.open };
    },
    holds(bytes) {
      let isFound = false;
      const found = (): void => {
        isFound = true;
      };
      eachView(
        bytes,
        { ...looks, isBytes: true, isBinary: isBinary(bytes) },
        (view) => isFound || (view.only === 'bare' ? bareScanner : scanner).scan(view.text, found),
      );
      return isFound;
    },
  };
}

/** One search of a text, with its findings so far. */
type Looking = {
  text: string;
  from: number;
  isPartial: boolean;
  scanner: Scanner;
  bareScanner: Scanner;
  spans: Span[];
  open: number;
  isRoot: boolean;
};

function readView(looking: Looking, view: View): void {
  const { text, scanner, spans, isPartial } = looking;
  const isRoot = looking.isRoot;
  looking.isRoot = false;
  scanner.scan(view.text, (start, end) => void spans.push([firstPlace(text, view, start), view.end(end)]));
  const shape = view.only === 'values' ? view.text.length : readShapes(looking, view, isRoot);
  if (!view.reachesEnd || !isPartial) return;
  if (view.isDecoded && view.text.length < LEAST_DECODED) return;
  const isKnown = !view.isDecoded || view.text.length >= LEAST_SPELT;
  const value = openFrom(scanner, view, /[\r\n]$/.test(text) ? LEAST_JOINED : 1);
  const begins = view.isDecoded ? value : Math.min(shape, value);
  if (begins < view.text.length) looking.open = Math.min(looking.open, view.start(begins));
  if (isKnown) looking.open = Math.min(looking.open, view.openAt ?? looking.open);
}

function readShapes({ text, from, spans, isPartial }: Looking, view: View, isRoot: boolean): number {
  const mayGoOn = isPartial && view.reachesEnd && !view.isDecoded;
  const found = ({ start, end }: { start: number; end: number }): void => {
    const span: Span = [view.start(start), view.end(end)];
    const isSpelt = span[0] >= from && text.slice(...span) !== view.text.slice(start, end);
    if (isRoot || isSpelt) spans.push(span);
  };
  return shapeScanner.scan(view.text, isRoot ? from : 0, found, mayGoOn);
}

function readBare(looking: Looking, view: View): void {
  const { bareScanner, spans, isPartial } = looking;
  bareScanner.scan(view.text, (start, end) => void spans.push([firstWhole(view, start), view.end(end)]));
  if (!view.reachesEnd || !isPartial) return;
  const begins = bareScanner.openFrom(view.text, LEAST_JOINED);
  if (begins < view.text.length) looking.open = Math.min(looking.open, view.start(begins));
}

function rootView(text: string): View {
  const same = (at: number): number => at;
  return { text, start: same, end: same, reachesEnd: true, isJoined: false, isDecoded: false };
}

function inOrder(spans: Span[]): Span[] {
  return spans.length > 1 ? spans.sort(([one], [other]) => one - other) : spans;
}

function openFrom(scanner: Scanner, { text, isJoined, isDecoded }: View, least: number): number {
  const open = scanner.openFrom(text, isDecoded ? LEAST_DECODED : isJoined ? least : 1);
  const lineEnd = lastLineEnd(text);
  if (lineEnd === text.length) return open;
  return Math.min(open, firstIf(scanner.openFrom(text.slice(0, lineEnd), LEAST_JOINED), lineEnd, open));
}

/** Whether so much of the beginning of bytes is neither text nor UTF-16 that there are no escapes to take off. */
function isBinary(bytes: string): boolean {
  const sample = bytes.slice(0, 4096);
  return sample.replaceAll(/[\t\n\r\x20-\x7e\0]+/g, '').length * 4 > sample.length && sample.includes('\0');
}

function firstIf(found: number, none: number, otherwise: number): number {
  return found < none ? found : otherwise;
}

/** A line end, raw or as JSON, shells, URLs and HTML write it. */
const LINE_END =
  /[\r\n\u0085\u2028\u2029]|\\[rn]|\\(?:u00|x)0[ad]|\\u(?:0085|202[89])|\\01[25]|%(?:25)*0[ad]|&(?:amp;)*(?:#(?:x0*[ad]|0*1[03])|newline);/i;

/** Where a value begins: what stood alone before a line end, and was too little to be known, was shown before. */
function firstPlace(text: string, view: View, start: number): number {
  let first = start;
  for (let at = start + 1; view.isJoined && at < start + LEAST_JOINED; at += 1)
    if (LINE_END.test(text.slice(view.end(at), view.start(at)))) first = at;
  return view.start(first);
}

/** The same with any characters between. */
function firstWhole(view: View, start: number): number {
  let first = start;
  for (let at = start + 1; at < start + LEAST_JOINED; at += 1) if (view.start(at) > view.end(at)) first = at;
  return view.start(first);
}
