import { IS_BASE64, IS_HEXISH } from './encoded-runs.ts';

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
    // The first two bytes of a character in UTF-8, which may be one that nobody sees.
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
