import { DIRECTIVES, hasClosingWords, JOINER, withoutClosingWords } from '../../text/closing-words.ts';
import { fromBytes, latin1Bytes } from './commit-object.ts';

/** Where GitHub takes a name for somebody who is to be notified; the `@` of an address of mail stands behind a word. */
const MENTION = /(?<!\w)@(?=[a-z0-9])/gi;

/**
 * A commit message that reads the same and does nothing on GitHub but be read: it closes no issue, mentions nobody and
 * keeps no check from running. Bytes in and out, one character each. Doing it again changes nothing.
 */
export function harmlessMessage(bytes: string): string {
  const text = fromBytes(bytes);
  const harmless = [MENTION, ...DIRECTIVES].reduce(
    (shown, pattern) => shown.replaceAll(pattern, (found) => `${found}${JOINER}`),
    withoutClosingWords(text),
  );
  if (harmless === text) return bytes;
  return text === bytes && /[\x80-\xff]/.test(bytes) ? mixed(harmless) : latin1Bytes(harmless);
}

/** Of a message that is not UTF-8 only what was put in is. */
function mixed(text: string): string {
  return text.replaceAll(JOINER, latin1Bytes(JOINER));
}

/** What a message would do on GitHub, as texts; empty for a harmless one. */
export function effectsOf(bytes: string): string[] {
  const text = fromBytes(bytes);
  const has = (...patterns: readonly RegExp[]): boolean =>
    patterns.some((pattern) => text.search(pattern) !== -1);
  return [
    ...(hasClosingWords(text) ? ['closes issues'] : []),
    ...(has(MENTION) ? ['mentions people'] : []),
    ...(has(...DIRECTIVES) ? ['skips checks'] : []),
  ];
}
