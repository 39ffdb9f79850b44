import { IS_BASE64, IS_HEXISH } from './encoded-runs.ts';
import type { Layer } from './layer.ts';

/** The least bytes of a row that is searched; as long as the shortest value. */
const LEAST_TEXT = 6;

/** What text is made of, line ends, colours of a terminal, and the NULs between the letters of UTF-16. */
const IS_TEXT = Uint8Array.from({ length: 256 }, (_, code) =>
  (code >= 32 && code < 128) || '\0\x07\b\t\n\r\x1b'.includes(String.fromCharCode(code)) ? 1 : 0,
);

/** The bytes that count as text in a search for these texts: ASCII, and all others in them. */
export function textBytes(needles: Iterable<string>): Uint8Array {
  const bytes = IS_TEXT.slice();
  for (const needle of needles)
    for (let at = 0; at < needle.length; at += 1) bytes[needle.charCodeAt(at) & 0xff] = 1;
  return bytes;
}

/**
 * Gives each row of text in bytes that something was decoded to: most of what looks like base64 or hex is neither, and
 * holds none. Characters of UTF-8 are text too. The row at the end may be shorter where it may go on.
 */
export function eachTextRow(
  bytes: string,
  { isText, mayGoOn }: { isText: Uint8Array; mayGoOn: boolean },
  give: (layer: Layer) => void,
): void {
  let from = 0;
  for (let at = 0; at <= bytes.length; ) {
    const code = bytes.charCodeAt(at);
    const length = isText[code] === 1 ? 1 : code >= 0xc2 ? lengthOfWide(bytes, at, code) : 0;
    at += length;
    if (length > 0) continue;
    const isLong = at - from >= LEAST_TEXT || (mayGoOn && at === bytes.length && at > from);
    if (isLong) give(rowOf(bytes, from, at));
    at += 1;
    from = at;
  }
}

/** How many bytes the character of UTF-8 that begins here has; 0 when none does. One that the end cuts is one. */
function lengthOfWide(bytes: string, at: number, lead: number): number {
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let next = at + 1; next < at + length && next < bytes.length; next += 1)
    if ((bytes.charCodeAt(next) & 0xc0) !== 0x80) return 0;
  return Math.min(length, bytes.length - at);
}

function rowOf(bytes: string, from: number, to: number): Layer {
  return {
    text: bytes.slice(from, to),
    start: (at) => from + at,
    end: (at) => from + at,
    reachesEnd: to === bytes.length,
  };
}

/** Fewer characters of base64 or hex than this hold nothing that is looked for; at an end that may go on, fewer do. */
const LEAST_RUN = 12;
const LEAST_AT_END = 4;

/** What escapes, colours and UTF-16 are made of, and what may stand between the characters of what is looked for, by its code. */
const KINDS = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  if ('\\\x1b\x9b\x7f\b\0'.includes(character)) return 1;
  return '\'"$\n\r'.includes(character) ? 2 : 0;
});
const SPELLING = 1;
const BETWEEN = 2;
/** What goes on as an escape of URLs or HTML. */
const PERCENT = /%(?:[\da-f]{2}|u|$)/iy;
const ENTITY = /&(?:#|[a-z]|$)/iy;

/**
 * Whether decoded bytes may hold, in any spelling, what is looked for, or the beginning of it where they may go on: a
 * row of three characters that stands in it, or something that is to be read further. Most of what looks like base64 or
 * hex is neither, and one look at each byte tells.
 */
export function mayLead(
  text: string,
  mayHold: (one: number, two: number, three: number) => boolean,
  mayGoOn: boolean,
): boolean {
  let [two, one] = [-1, -1];
  let [base64, hex] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (two >= 0 && mayHold(two, one, code)) return true;
    if (code > 255 || KINDS[code] === SPELLING || isEscape(text, at, code)) return true;
    if (KINDS[code] === BETWEEN) continue;
    // The first two bytes of a character in UTF-8, which may be an invisible one.
    if (one >= 0xc2 && one <= 0xf4 && code >= 0x80 && code < 0xc0) return true;
    base64 = IS_BASE64[code] === 1 ? base64 + 1 : 0;
    hex = IS_HEXISH[code] === 1 ? hex + 1 : 0;
    if (base64 >= LEAST_RUN || hex >= LEAST_RUN) return true;
    two = one;
    one = code;
  }
  return mayGoOn && (base64 >= LEAST_AT_END || hex >= LEAST_AT_END);
}

function isEscape(text: string, at: number, code: number): boolean {
  if (code !== 37 && code !== 38) return false;
  const pattern = code === 37 ? PERCENT : ENTITY;
  pattern.lastIndex = at;
  return pattern.test(text);
}
