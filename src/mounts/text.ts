/** Cc: what a terminal or a line-based format acts on; a lone surrogate cannot be written as UTF-8 at all. */
const CONTROL = /\p{Cc}/u;

/** Characters without a picture of their own: bidi marks, zero-width ones, separators of lines and paragraphs. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}]/u;

/** Whether an argument holds a control character (tab and newline are ones) or is no well-formed Unicode. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text) || !text.isWellFormed();
}

/** Whether a path holds characters that nobody can see, so that it is not what it looks like. */
export function hasInvisibleCharacters(text: string): boolean {
  return INVISIBLE.test(text);
}
