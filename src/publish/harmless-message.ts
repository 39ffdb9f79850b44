import { hasClosingWords, JOINER, withoutClosingWords } from '../text/closing-words.ts';
import { fromBytes, toBytes } from './commit-object.ts';

/** Where GitHub takes a name for somebody who is to be notified; the `@` of an address of mail stands behind a word. */
const MENTION = /(?<!\w)@(?=[a-z0-9])/gi;

/**
 * Words in brackets that keep checks from running, here and elsewhere: `[skip ci]`, `[ci skip]`, `[no ci]`,
 * `[skip netlify]`. https://docs.github.com/actions/managing-workflow-runs/skipping-workflow-runs
 */
const SKIP =
  /\[(?=\s{0,5}(?:[\w.-]{1,30}[\s_-]{1,3})?(?:skip|no)(?:[\s_-]{1,3}[\w.-]{1,30})?\s{0,5}\])(?=[^\]]*[\s_-])/gi;

/** The same in Azure’s way, and in trailers of GitHub’s. */
const NO_CI = /\*\*\*(?=NO_CI\*\*\*)/gi;
const CHECKS = /^([^\S\r\n\u2028\u2029]*(?:skip|request)-checks)(?=[^\S\r\n\u2028\u2029]*:)/gim;

/**
 * A commit message that reads the same and does nothing on GitHub but be read: it closes no issue, mentions nobody and
 * keeps no check from running. Bytes in and out, one character each. Doing it again changes nothing.
 */
export function harmlessMessage(bytes: string): string {
  const text = fromBytes(bytes);
  const harmless = withoutClosingWords(text)
    .replaceAll(MENTION, `@${JOINER}`)
    .replaceAll(SKIP, `[${JOINER}`)
    .replaceAll(NO_CI, `***${JOINER}`)
    .replaceAll(CHECKS, `$1${JOINER}`);
  if (harmless === text) return bytes;
  return text === bytes && /[\x80-\xff]/.test(bytes) ? mixed(harmless) : toBytes(harmless);
}

/** Of a message that is not UTF-8 only what was put in is. */
function mixed(text: string): string {
  return text.replaceAll(JOINER, toBytes(JOINER));
}

/** What a message would do, in words; empty for a harmless one. */
export function harmsOf(bytes: string): string[] {
  const text = fromBytes(bytes);
  const has = (...patterns: RegExp[]): boolean => patterns.some((pattern) => text.search(pattern) !== -1);
  return [
    ...(hasClosingWords(text) ? ['closes issues'] : []),
    ...(has(MENTION) ? ['mentions people'] : []),
    ...(has(SKIP, NO_CI, CHECKS) ? ['skips checks'] : []),
  ];
}
