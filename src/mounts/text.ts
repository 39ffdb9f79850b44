import { inspect } from 'node:util';

/** Cc: what a terminal or a line-based format acts on; a lone surrogate cannot be written as UTF-8 at all. */
const CONTROL = /\p{Cc}/u;

/** Characters without a picture of their own: bidi marks, zero-width ones, separators of lines and paragraphs. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}]/u;

const SHOWN_CHARACTERS = 200;

/** Whether an argument holds a control character (tab and newline are ones) or is no well-formed Unicode. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text) || !text.isWellFormed();
}

/** Whether a path holds characters that nobody can see, so that it is not what it looks like. */
export function hasInvisibleCharacters(text: string): boolean {
  return INVISIBLE.test(text);
}

/** A value as a message shows it: quoted, escaped, and cut when it is long. */
export function shown(value: unknown): string {
  if (typeof value !== 'string')
    return inspect(value, { depth: 1, breakLength: Infinity }).slice(0, SHOWN_CHARACTERS);
  const short = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
  return JSON.stringify(short.toWellFormed()).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/** A path as a shell takes it, for the commands that a hint proposes. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
