/** Takes no room, and keeps GitHub from seeing a keyword before a reference. */
const JOINER = '\u2060';

/** https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue */
const KEYWORD =
  /\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=:?\s{1,20}(?:[\w.-]{1,100}\/[\w.-]{1,100})?(?:#|GH-|https?:))/gi;

/** Text of others that closes no issue when the pull request that shows it is merged; it reads the same. */
export function withoutClosing(text: string): string {
  return text.replaceAll(KEYWORD, `$1${JOINER}`);
}
