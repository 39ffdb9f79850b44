import { IS_BASE64 } from './encoded-runs.ts';
import { KEPT, type Layer, layerOf, type Pieces } from './layer.ts';

/** What a comment or a quotation puts before a line; the marks of a patch are base64 themselves. */
const MARK = /(?:[>|#*]|\/\/) ?/y;

const LINE_FEED = 10;
const EQUALS = 61;

/** Whether three characters in a row, by their codes, may be part of what is looked for. */
type MayHold = (one: number, two: number, three: number) => boolean;

/**
 * Gives `text` without the line ends (and the blanks around them, and the marks of quotations) that may have been put into
 * base64: those where the characters around them may stand in a row in what is looked for, and those beside a line
 * that is base64 as a whole.
 */
export function eachUnwrapped(text: string, mayHold: MayHold, give: (layer: Layer) => void): void {
  for (const isMarked of [false, true]) {
    const breaks = breaksIn(text, isMarked, mayHold);
    if (breaks.length === 0) continue;
    give(without(text, breaks));
  }
}

function without(text: string, breaks: readonly (readonly [from: number, to: number])[]): Layer {
  const pieces: Pieces = { at: [], from: [], to: [] };
  const parts: string[] = [];
  let length = 0;
  let at = 0;
  for (const [from, to] of [...breaks, [text.length, text.length] as const]) {
    if (from > at) {
      parts.push(text.slice(at, from));
      pieces.at.push(length);
      pieces.from.push(at);
      pieces.to.push(KEPT);
      length += from - at;
    }
    at = to;
  }
  return layerOf(parts.join(''), text.length, pieces);
}

/** Where the last line of `text` ends, without the line ends and blanks behind it. */
export function lastLineEnd(text: string): number {
  return beforeBlanks(text, text.length);
}

function breaksIn(text: string, isMarked: boolean, mayHold: MayHold): [from: number, to: number][] {
  const breaks: [from: number, to: number][] = [];
  let two = 0;
  let lineFrom = 0;
  const nextEnd = lineEnds(text);
  for (let feed = nextEnd(0); feed >= 0; feed = nextEnd(lineFrom)) {
    const from = beforeBlanks(text, feed);
    const next = afterBlanks(text, feed + 1);
    const to = afterBreak(text, next, isMarked);
    const isAlone = from - 1 === lineFrom && breaks.at(-1)?.[1] === lineFrom;
    const one = isAlone ? two : text.charCodeAt(from - 2);
    lineFrom = to ?? next;
    if (from === 0 || to === undefined || IS_BASE64[text.charCodeAt(from - 1)] !== 1) continue;
    two = text.charCodeAt(from - 1);
    if (mayHold(one, two, text.charCodeAt(to)) || isLineOfBase64(text, to) || endsLineOfBase64(text, from))
      breaks.push([from, to]);
  }
  const [only] = breaks;
  const isNothing = !isMarked && breaks.length === 1 && only?.[1] === text.length;
  return isNothing && !endsLineOfBase64(text, only[0]) ? [] : breaks;
}

/** Gives the place of the next line end, a line feed or a lone carriage return; called in ascending order; -1 when there is none. */
function lineEnds(text: string): (from: number) => number {
  let feed = -1;
  let alone = -1;
  return (from) => {
    if (feed < from) feed = orEnd(text.indexOf('\n', from));
    while (alone < from || text.charCodeAt(alone + 1) === LINE_FEED)
      alone = orEnd(text.indexOf('\r', Math.max(from, alone + 1)));
    const next = Math.min(feed, alone);
    return next === Number.POSITIVE_INFINITY ? -1 : next;
  };
}

function orEnd(at: number): number {
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

/** The place behind what stands before the next line, which begins at `next`, where base64 may go on there. */
function afterBreak(text: string, next: number, isMarked: boolean): number | undefined {
  let at = next;
  if (isMarked) {
    MARK.lastIndex = at;
    if (!MARK.test(text)) return undefined;
    at = MARK.lastIndex;
  }
  return at === text.length || IS_BASE64[text.charCodeAt(at)] === 1 ? at : undefined;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function beforeBlanks(text: string, to: number): number {
  let at = to;
  while (at > 0 && isBlank(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === LINE_FEED || code === 13;
}

/** Whether from `from` to the end of its line, or of the text, all is base64. */
function isLineOfBase64(text: string, from: number): boolean {
  let at = from;
  while (IS_BASE64[text.charCodeAt(at)] === 1) at += 1;
  while (text.charCodeAt(at) === EQUALS) at += 1;
  return at === text.length || text.charCodeAt(at) === LINE_FEED || text.charCodeAt(at) === 13;
}

function endsLineOfBase64(text: string, to: number): boolean {
  let at = to - 1;
  while (at >= 0 && IS_BASE64[text.charCodeAt(at)] === 1) at -= 1;
  while (at >= 0 && (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9)) at -= 1;
  return at < 0 || text.charCodeAt(at) === LINE_FEED || text.charCodeAt(at) === 13;
}
