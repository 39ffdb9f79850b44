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
