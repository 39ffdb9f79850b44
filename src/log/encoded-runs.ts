import type { Layer } from './layer.ts';

/** Shorter runs of characters cannot encode a value that is masked. */
const LEAST_BASE64 = 12;
const LEAST_HEX = 12;
/** The least bytes that are searched. */
const LEAST_TEXT = 6;

/** A longer run is split. */
const LONGEST = 4 * 1024 * 1024;

/** Whether a character is one of base64, in both alphabets, by its code. */
export const IS_BASE64 = kindOf(/[A-Za-z0-9+/_-]/);
/** Digits, and what stands between bytes in hex: blanks, colons, commas, dashes, `0x`, `\x`. */
export const IS_HEXISH = kindOf(/[0-9a-fA-FxX\s:,;\\-]/);
const IS_HEX = kindOf(/[0-9a-fA-F]/);

function kindOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Whether a searched value has other characters than ASCII, and whether the text may go on. */
type How = { isWide: boolean; isPartial: boolean };

/** Gives every row of at least `least` characters of a kind, found by looking at one place in that many first. */
function eachRun(
  kind: Uint8Array,
  least: number,
  text: string,
  give: (from: number, to: number) => void,
): void {
  let from = 0;
  while (from + least <= text.length) {
    let at = from + least - 1;
    while (at >= from && kind[text.charCodeAt(at)] === 1) at -= 1;
    if (at >= from) {
      from = at + 1;
      continue;
    }
    let to = from + least;
    const limit = Math.min(text.length, from + LONGEST);
    while (to < limit && kind[text.charCodeAt(to)] === 1) to += 1;
    give(from, to);
    from = to;
  }
}

/** Where a run that may go on behind the end of `text`, and is still too short, begins. */
function shortTail(kind: Uint8Array, least: number, text: string): number {
  let from = text.length;
  while (from > 0 && kind[text.charCodeAt(from - 1)] === 1) {
    from -= 1;
    if (text.length - from === least) return text.length;
  }
  return from;
}

/**
 * What the base64 in `text` that holds text may stand for, from each of the four places where a group may begin. A
 * place is that of the characters which a byte alone decides. With `isWide` it need not be ASCII.
 */
export function eachBase64(text: string, how: How, give: (layer: Layer) => void): void {
  const read = (from: number, to: number): void => {
    const offsets = how.isWide || to - from < LEAST_BASE64 ? 15 : textOffsets(text, from, to);
    for (let offset = 0; offset < 4; offset += 1) {
      if ((offsets & (1 << offset)) === 0) continue;
      const begin = from + offset;
      give({
        text: Buffer.from(text.slice(begin, to), 'base64').toString('latin1'),
        reachesEnd: to === text.length,
        start: (at) => begin + Math.ceil((at * 8) / 6),
        end: (at) => begin + Math.floor((at * 8) / 6),
      });
    }
  };
  eachRun(IS_BASE64, LEAST_BASE64, text, read);
  const tail = how.isPartial ? shortTail(IS_BASE64, LEAST_BASE64, text) : text.length;
  if (tail < text.length) read(tail, text.length);
}

const VALUES = new Uint8Array(128).fill(64);
for (const [value, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries())
  VALUES[character.charCodeAt(0)] = value;
VALUES[45] = 62;
VALUES[95] = 63;

/** From which of the four offsets two groups in a row are ASCII, as bits. */
function textOffsets(text: string, from: number, to: number): number {
  let offsets = 0;
  let before = 0;
  for (let at = from; at + 4 <= to && offsets !== 15; at += 1) {
    const bit = 1 << ((at - from) & 3);
    const isText =
      (VALUES[text.charCodeAt(at)] ?? 0) < 32 &&
      ((VALUES[text.charCodeAt(at + 1)] ?? 0) & 8) === 0 &&
      ((VALUES[text.charCodeAt(at + 2)] ?? 0) & 2) === 0;
    if (isText && (before & bit) !== 0) offsets |= bit;
    before = isText ? before | bit : before & ~bit;
  }
  return offsets;
}

/** What the hex in `text` may stand for, from each of the two places where a byte may begin. */
export function eachHex(text: string, how: Pick<How, 'isPartial'>, give: (layer: Layer) => void): void {
  const read = (from: number, to: number): void => {
    const places = digitPlaces(text, from, to);
    for (const offset of [0, 1]) {
      const bytes = bytesAt(text, places, offset);
      const mayGoOn = how.isPartial && to === text.length && bytes.length > 0;
      if (!mayGoOn && bytes.length < LEAST_TEXT) continue;
      give({
        text: bytes.toString('latin1'),
        reachesEnd: to === text.length,
        start: (at) => places[offset + 2 * at] ?? text.length,
        end: (at) => (places[offset + 2 * at - 1] ?? 0) + 1,
      });
    }
  };
  eachRun(IS_HEXISH, LEAST_HEX, text, read);
  const tail = how.isPartial ? shortTail(IS_HEXISH, LEAST_HEX, text) : text.length;
  if (tail < text.length) read(tail, text.length);
}

function digitPlaces(text: string, from: number, to: number): number[] {
  const places: number[] = [];
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (IS_HEX[code] !== 1) continue;
    if (code === 48 && (text.charCodeAt(at + 1) | 32) === 120) at += 1;
    else places.push(at);
  }
  return places;
}

function bytesAt(text: string, places: readonly number[], offset: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, places.length - offset) >> 1);
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] =
      digit(text, places[offset + 2 * at] ?? 0) * 16 + digit(text, places[offset + 2 * at + 1] ?? 0);
  return bytes;
}

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : (code & 31) + 9;
}
