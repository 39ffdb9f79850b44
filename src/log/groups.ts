import { IS_BASE64 } from './encoded-runs.ts';
import { KEPT, type Layer, layerOf, type Pieces } from './layer.ts';

const BLANK = 32;
const LEAST_GROUP = 4;

/** A row that holds a value is longer, so that one place in so many lies in it. */
const STRIDE = 8;

/** Gives each row of three groups or more of base64 between single blanks, all as long as the first and the last no longer, without the blanks. */
export function eachGrouped(text: string, give: (layer: Layer) => void): void {
  for (let at = STRIDE; at < text.length; at += STRIDE) {
    if (IS_BASE64[text.charCodeAt(at)] !== 1) continue;
    let [from, to] = [at, at + 1];
    while (IS_BASE64[text.charCodeAt(from - 1)] === 1) from -= 1;
    while (IS_BASE64[text.charCodeAt(to)] === 1) to += 1;
    const size = to - from;
    const row = size < LEAST_GROUP ? undefined : rowWith(text, from, to);
    if (row) give(layerOfRow(text, row, size));
    at = row?.last ?? to;
  }
}

type Row = { from: number; to: number; last: number };

function rowWith(text: string, from: number, to: number): Row | undefined {
  const size = to - from;
  if (isPair(text, to, size)) return rowAround(text, to, size);
  return isPair(text, from - 1, size) ? rowAround(text, from - 1, size) : undefined;
}

/** Whether groups as long as each other stand around a place that is a blank, with capitals and small letters: words, numbers and hex have not both. */
function isPair(text: string, blank: number, size: number): boolean {
  const to = blank + 1 + size;
  if (text.charCodeAt(blank) !== BLANK || blank < size) return false;
  if (IS_BASE64[text.charCodeAt(to)] === 1 || IS_BASE64[text.charCodeAt(to - 1)] !== 1) return false;
  let [hasCapital, hasSmall] = [false, false];
  for (let at = blank - size; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (IS_BASE64[code] !== 1 && at !== blank) return false;
    hasCapital ||= code >= 65 && code <= 90;
    hasSmall ||= code >= 97;
  }
  return hasCapital && hasSmall;
}

/** The row of groups around a blank, at least three; the first may begin behind something else than a blank, and the last may be shorter. */
function rowAround(text: string, blank: number, size: number): Row | undefined {
  const own = blank - size;
  const hasFirst = text.charCodeAt(own - 1) === BLANK && groupBehind(text, own - size - 2, size) === size;
  const isWhole = hasFirst && IS_BASE64[text.charCodeAt(own - size - 2)] !== 1;
  const from = isWhole ? own - size - 1 : own;
  let last = blank + 1 + size;
  while (text.charCodeAt(last) === BLANK && groupBehind(text, last, size) === size) last += 1 + size;
  const rest = text.charCodeAt(last) === BLANK ? groupBehind(text, last, size) : 0;
  const to = rest > 0 && rest < size ? last + 1 + rest : last;
  return to - from > 2 * size + 1 ? { from, to, last } : undefined;
}

/** How long the group behind a place is, as far as `size` and one more. */
function groupBehind(text: string, place: number, size: number): number {
  let at = place + 1;
  while (at <= place + 1 + size && IS_BASE64[text.charCodeAt(at)] === 1) at += 1;
  return at - place - 1;
}

function layerOfRow(text: string, { from, to }: Row, size: number): Layer {
  const pieces: Pieces = { at: [], from: [], to: [] };
  const parts: string[] = [];
  for (let at = from; at < to; at += size + 1) {
    pieces.at.push(parts.length * size);
    pieces.from.push(at);
    pieces.to.push(KEPT);
    parts.push(text.slice(at, Math.min(to, at + size)));
  }
  return { ...layerOf(parts.join(''), to, pieces), reachesEnd: to === text.length };
}
