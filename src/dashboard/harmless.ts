/**
 * Invisible characters: controls, bidi marks, zero-width and other ignorable ones. Line ends, tabs and joiners of letters
 * and emoji (U+200C, U+200D, variation selectors) stay.
 */
const UNSEEN =
  /(?!\n|\t|\u200c|\u200d|[\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const ESCAPE = '\u001b';
const BELL = '\u0007';

/**
 * Colours, movements and links of terminals (ECMA-48), each of a bounded length: stripVTControlCharacters of
 * node:util takes seconds for a few kilobytes of beginnings without an end.
 */
const TERMINAL = new RegExp(
  `${ESCAPE}(?:\\[[0-?]{0,64}[ -/]{0,8}[@-~]|\\][^${BELL}${ESCAPE}]{0,256}(?:${BELL}|${ESCAPE}\\\\))`,
  'g',
);

/** Text of others for a page: without terminal colours, and with names for invisible characters, such as ‹U+202E›. */
export function harmless(text: string): string {
  return text
    .replaceAll(TERMINAL, '')
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(UNSEEN, (sign) => `‹U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}›`);
}

/** The first `limit` characters, with the number of the missing ones. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit).toWellFormed()} [cut: ${text.length - limit} more characters]`;
}
