import { ENTITIES } from './entities.ts';
import { KEPT, type Layer, layerOf, type Pieces } from './layer.ts';

/** Characters that show as nothing: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point, and marks on others. */
const INVISIBLE = /[\p{Cf}\p{Mn}\p{DI}]/u;

/** What ends a line or leaves a blank, beyond ASCII too. */
const LINE_END = /[\u0085\p{Zl}\p{Zp}]/u;
const BLANK = /\p{Zs}/u;

/** Characters of spellings; a text without any of them has nothing to take off. */
const SPELT = /[[\\%\&'"\p{Cc}\p{Cf}\p{Mn}\p{DI}\p{Z}]--[\t\n\r ]]/v;

const BACKSLASH =
  /\\+(?:u\{0*([\da-f]{1,6})\}|u([\da-f]{4})|U([\da-f]{8})|x([\da-f]{2})|(?:0?([0-7]{1,3}))|(\r?\n)|([\s\S]))/iuy;
const LOW_SURROGATE = /\\+u(d[c-f][\da-f]{2})/iy;
const PERCENT = /%(?:25)*(?:u([\da-f]{4})|([\da-f]{2}))/iy;
const ENTITY = /&(?:amp;)*(?:#x0*([\da-f]{1,6});?|#0*(\d{1,7});?|([a-z][a-z\d]{1,24});)/iy;
/** Colours, titles and the like: https://ecma-international.org/publications-and-standards/standards/ecma-48/ */
const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(7);
const CSI = `(?:${ESC}\\[|${String.fromCharCode(0x9b)})[0-?]{0,64}[ -/]{0,8}`;
const TITLE = `${ESC}[\\]PX\\^_][^${BEL}${ESC}]{0,512}`;
const TERMINAL = new RegExp(`${CSI}[@-~]|${TITLE}(?:${BEL}|${ESC}\\\\)|${ESC}[ -/]{0,4}[0-~]`, 'y');
/** Two strings of JSON beside each other, which a shell would join. */
const JSON_JOINT = /(?<!["'\\])"\s{0,4}[:,]\s{0,4}"(?!["'])/y;

/** The beginning of an escape that the next characters may complete. */
const CUT_OFF = new RegExp(
  [
    /\\+(?:u(?:\{[\da-f]{0,12}|[\da-f]{0,3})|U[\da-f]{0,7}|x[\da-f]?|[0-7]{1,3}|\r)?$/,
    /%(?:25)*(?:u[\da-f]{0,3}|[\da-f])?$/,
    /&(?:amp;)*(?:[a-z][a-z\d]{0,24}|#x?0{0,64}[\da-f]{0,7})?$/,
    /[\ud800-\udbff]$/,
  ]
    .map(({ source }) => source)
    .concat(`${CSI}$`, `${TITLE}${ESC}?$`, `${ESC}[ -/]{0,4}$`)
    .join('|'),
  'i',
);
const CUT_OFF_REACH = 600;
const MAY_BE_CUT_OFF = new RegExp(`[\\\\%&${ESC}${String.fromCharCode(0x9b)}\\ud800-\\udbff]`);

const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '',
  f: '',
  v: '',
  a: '',
  e: '\x1b',
};

/** What a backslash and one character stand for, by the character's code. */
const SIMPLE = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[\\uUx0-7\r\n]/.test(character) ? undefined : (NAMED[character] ?? character);
});

/** The place from which the end of `text` is only the beginning of an escape; its length if there is none. */
export function cutOffFrom(text: string): number {
  const from = Math.max(0, text.length - CUT_OFF_REACH);
  const end = text.slice(from);
  if (!MAY_BE_CUT_OFF.test(end)) return text.length;
  const found = CUT_OFF.exec(end);
  return found ? from + found.index : text.length;
}

/**
 * A text with one layer of spelling taken off, in bytes: escapes of JSON, C and shells (however many backslashes stand
 * before), of URLs and HTML, the quotes of a shell, the colours of a terminal, and characters that show as nothing.
 * Undefined when there is none. With `isBytes` the text is bytes already (each the character of its number).
 */
export function peel(text: string, isBytes: boolean): Layer | undefined {
  if (!SPELT.test(text)) return undefined;
  const bytes = scratch(MOST_BYTES * text.length);
  const pieces: Pieces = { at: [], from: [], to: [] };
  let length = 0;
  let kept = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const found = code > 127 || IS_SPECIAL[code] === 1 ? readAt(text, at, code, isBytes) : undefined;
    if (found?.is === undefined) {
      const end = found?.end ?? at + 1;
      while (at < end) {
        bytes[length] = text.charCodeAt(at);
        length += 1;
        at += 1;
      }
      continue;
    }
    if (at > kept) addPiece(pieces, length - (at - kept), kept, KEPT);
    if (found.is.length > 0) addPiece(pieces, length, at, found.end);
    for (let index = 0; index < found.is.length; index += 1)
      bytes[length + index] = found.is.charCodeAt(index);
    length += found.is.length;
    kept = found.end;
    at = kept;
  }
  if (kept === 0) return undefined;
  if (text.length > kept) addPiece(pieces, length - (text.length - kept), kept, KEPT);
  return layerOf(bytes.toString('latin1', 0, length), text.length, pieces);
}

function addPiece({ at, from, to }: Pieces, begin: number, start: number, stop: number): void {
  at.push(begin);
  from.push(start);
  to.push(stop);
}

/** How many bytes one character may become. */
const MOST_BYTES = 4;
let buffer = Buffer.alloc(64 * 1024);

/** A buffer for the time of one peeling; a large one is not kept. */
function scratch(bytes: number): Buffer {
  if (bytes <= buffer.length) return buffer;
  const made = Buffer.allocUnsafe(bytes);
  if (bytes <= 1024 * 1024) buffer = made;
  return made;
}

const IS_SPECIAL = Uint8Array.from({ length: 128 }, (_, code) =>
  /[[\\%\&'"$\p{Cc}]--[\t\n\r]]/v.test(String.fromCharCode(code)) ? 1 : 0,
);

/** What stands at a place for other characters: where it ends, and what it is, in bytes; without that it stays. */
type Found = { end: number; is?: string } | undefined;

function readAt(text: string, at: number, code: number, isBytes: boolean): Found {
  if (code >= 0x80) return readWide(text, at, isBytes);
  if (code === 92) return readBackslash(text, at, isBytes);
  if (code === 37) return readPercent(text, at);
  if (code === 38) return readEntity(text, at);
  if (code === 34 || code === 39) return readQuote(text, at);
  if (code === 36) return /['"]/.test(text.charAt(at + 1)) ? readQuote(text, at + 1) : undefined;
  if (code === 27) return { end: reach(TERMINAL, text, at)?.end ?? at + 1, is: '' };
  return { end: at + 1, is: '' };
}

/** Beyond ASCII: the bytes of a character, or nothing for one that shows as nothing. */
function readWide(text: string, at: number, isBytes: boolean): Found {
  if (!isBytes) {
    const terminal = text.charCodeAt(at) === 0x9b ? reach(TERMINAL, text, at) : undefined;
    if (terminal) return { end: terminal.end, is: '' };
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    return { end: at + character.length, is: asBytes(character) };
  }
  const length = [0xc2, 0xe0, 0xf0].filter((least) => text.charCodeAt(at) >= least).length + 1;
  if (length === 1) return undefined;
  const bytes = Buffer.from(text.slice(at, at + length), 'latin1').toString('utf8');
  if (!/^.$/su.test(bytes) || bytes === '\ufffd') return undefined;
  const is = asBlank(bytes);
  return is === undefined ? { end: at + length } : { end: at + length, is };
}

function readBackslash(text: string, at: number, isBytes: boolean): Found {
  const after = text.charCodeAt(at + 1);
  // Before what shows as nothing it belongs to what follows that.
  if (after === 27 || (!isBytes && after > 127 && INVISIBLE.test(text.slice(at + 1, at + 3))))
    return { end: at + 1 };
  const simple = SIMPLE[text.charCodeAt(at + 1)];
  if (simple !== undefined) return { end: at + 2, is: simple };
  const found = reach(BACKSLASH, text, at);
  if (!found) return undefined;
  const [, braced, unit, long, byte, octal, lineEnd, other = ''] = found.groups;
  if (lineEnd !== undefined) return { end: found.end, is: '' };
  if (byte !== undefined) return { end: found.end, is: ofByte(Number.parseInt(byte, 16)) };
  if (octal !== undefined) return { end: found.end, is: ofByte(Number.parseInt(octal, 8)) };
  const hex = braced ?? unit ?? long;
  if (hex === undefined) return { end: found.end, is: NAMED[other] ?? (isBytes ? other : asBytes(other)) };
  const code = Number.parseInt(hex, 16);
  const low = code >= 0xd800 && code < 0xdc00 ? reach(LOW_SURROGATE, text, found.end) : undefined;
  // A backslash before a character that shows as nothing belongs to what follows that.
  if (!low) return { end: found.end, is: ofCode(code) || (text.charCodeAt(at + 1) === 92 ? '\\' : '') };
  return { end: low.end, is: asBytes(String.fromCharCode(code, Number.parseInt(low.groups[1] ?? '', 16))) };
}

function readPercent(text: string, at: number): Found {
  const found = reach(PERCENT, text, at);
  if (!found) return undefined;
  const [, unit, byte = ''] = found.groups;
  return {
    end: found.end,
    is: unit === undefined ? ofByte(Number.parseInt(byte, 16)) : ofCode(Number.parseInt(unit, 16)),
  };
}

function readEntity(text: string, at: number): Found {
  const found = reach(ENTITY, text, at);
  if (!found) return undefined;
  const [, hex, decimal, name] = found.groups;
  if (name !== undefined) {
    const is = ENTITIES.get(name);
    return is === undefined ? undefined : { end: found.end, is: asBytes(is) };
  }
  return { end: found.end, is: ofCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)) };
}

function readQuote(text: string, at: number): Found {
  const after = text.charCodeAt(at + 1);
  const mayJoin = text.charCodeAt(at) === 34 && (after === 44 || after === 58 || after <= 32);
  const joint = mayJoin ? reach(JSON_JOINT, text, at) : undefined;
  return joint ? { end: joint.end } : { end: at + 1, is: '' };
}

function ofByte(byte: number): string {
  return byte > 0xff ? '' : String.fromCharCode(byte);
}

function ofCode(code: number): string {
  return code > 0x10ffff ? '' : asBytes(String.fromCodePoint(code));
}

function asBytes(character: string): string {
  return asBlank(character) ?? toBytes(character);
}

/** What is left of a character that shows as nothing, ends a line or leaves a blank. */
function asBlank(character: string): string | undefined {
  if (INVISIBLE.test(character)) return '';
  if (LINE_END.test(character)) return '\n';
  return BLANK.test(character) ? ' ' : undefined;
}

function reach(
  pattern: RegExp,
  text: string,
  at: number,
): { end: number; groups: RegExpExecArray } | undefined {
  pattern.lastIndex = at;
  const groups = pattern.exec(text);
  return groups ? { end: pattern.lastIndex, groups } : undefined;
}

/** The UTF-8 of a text, each byte as the character of its number. */
export function toBytes(text: string): string {
  return /^[\0-\u007f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
