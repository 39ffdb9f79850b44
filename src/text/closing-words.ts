/** Takes no room, and breaks a word for every program that searches for it: https://www.unicode.org/charts/PDF/U2000.pdf */
export const JOINER = '\u2060';

/** What may stand between a keyword and its reference: no letter and no digit, but a character reference such as `&nbsp;`. */
const GAP = String.raw`(?:&[a-z]{2,8};|[^\p{L}\p{N}#${JOINER}]){0,40}?`;

/** An issue or pull request as GitHub lets one write it: `#7`, `GH-7`, `name/repository#7`, an address, a link to one. */
const REFERENCE = String.raw`(?:(?:[\w.-]{1,100}(?:\/[\w.-]{1,100})?)?#\d|GH-\d|(?:\[[^\]\n]{0,200}\]\(<?)?(?:https?:\/\/|www\.))`;

/** https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue */
const CLOSING = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=${GAP}${REFERENCE})`,
  'giu',
);

/** Whether GitHub might read words of this text as the order to close an issue. */
export function hasClosingWords(text: string): boolean {
  return text.search(CLOSING) !== -1;
}

/**
 * Text of others that closes no issue, in a pull request, a title or a commit message; it reads the same, and doing it
 * again changes nothing. What `isKept` names by its place stays.
 */
export function withoutClosingWords(text: string, isKept = (_at: number): boolean => false): string {
  return text.replaceAll(CLOSING, (word: string, ...rest: unknown[]) =>
    isKept(rest.at(-2) as number) ? word : `${word}${JOINER}`,
  );
}

/**
 * Words in brackets that keep checks from running, here and elsewhere: `[skip ci]`, `[ci skip]`, `[no ci]`,
 * `[skip netlify]`. https://docs.github.com/actions/managing-workflow-runs/skipping-workflow-runs
 */
const SKIP =
  /\[(?=\s{0,5}(?:[\w.-]{1,30}[\s_-]{1,3})?(?:skip|no)(?:[\s_-]{1,3}[\w.-]{1,30})?\s{0,5}\])(?=[^\]]*[\s_-])/gi;

/** The same in Azure’s way, and in trailers of GitHub’s. */
const NO_CI = /\*\*\*(?=NO_CI\*\*\*)/gi;
const CHECKS = /^[^\S\r\n\u2028\u2029]*(?:skip|request)-checks(?=[^\S\r\n\u2028\u2029]*:)/gim;

/** What in a commit message keeps checks from running, up to the place where a joiner takes that from it. A pull request's title and text become one when it is squashed. */
export const DIRECTIVES: readonly RegExp[] = [SKIP, NO_CI, CHECKS];
