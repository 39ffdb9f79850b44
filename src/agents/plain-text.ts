import { cutText } from '../base/text.ts';

const MAX_CHARACTERS = 400;

/** Text of an agent for one line that people read: control, bidi and zero-width characters become spaces, long text is cut. */
export function plainText(value: unknown, maxCharacters = MAX_CHARACTERS): string {
  const text = typeof value === 'string' ? value : '';
  const begin = text.slice(0, maxCharacters * 2);
  return cutText(begin.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim(), maxCharacters);
}
