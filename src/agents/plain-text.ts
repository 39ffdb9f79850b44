const MAX_CHARACTERS = 400;

/** Text of an agent for one line that people read: control, bidi and zero-width characters become spaces, long text is cut. */
export function plainText(value: unknown, maxCharacters = MAX_CHARACTERS): string {
  const text = typeof value === 'string' ? value : '';
  const begin = text.slice(0, maxCharacters * 2);
  return cutText(begin.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim(), maxCharacters);
}

/** At most `maxCharacters`, with an ellipsis when something is missing; never half a surrogate pair. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return `${text.slice(0, maxCharacters - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
