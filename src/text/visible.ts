/** Controls but line end and tab, and whatever takes no room: bidi, zero-width, fillers, tags, variation selectors. */
const UNSEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

/** A text without control, bidi and zero-width characters, with `\n` for every line end and U+FFFD for a lone surrogate. */
export function visible(text: string): string {
  const lines = text.replace(/\r\n?|[\u2028\u2029]/g, '\n').toWellFormed();
  return lines.replace(UNSEEN, (character) => (character === '\n' || character === '\t' ? character : ''));
}
