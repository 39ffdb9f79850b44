import { shellQuote } from '../../base/text.ts';
import type { GitHubToken } from './github-tokens.ts';

/** GitHub takes any user name beside a token; this one is the name its own documentation uses. */
const USER_NAME = 'x-access-token';

/** The user name that git sends beside a token: the App's own, where it was given one. */
export function gitUserName({ source }: Pick<GitHubToken, 'source'>): string {
  return source.kind === 'app' ? source.username : USER_NAME;
}

/**
 * Environment that lets git on the host use the token in `tokenFile` for `serverUrl`'s scheme, host and port alone.
 *
 * Git reads the file anew at each request, through a credential helper, so a renewed token is used at once; the token
 * itself is in no argument, address, configuration file or variable. Helpers configured earlier are switched off, a
 * missing file or one whose token has ended (`expiresAt`, milliseconds) means no credential, and git never asks on a
 * terminal. The caller checks the file (`readGhToken`), and
 * runs git as a user who may read it. A `file:` server needs no credential and gets none.
 *
 * https://git-scm.com/docs/git-config#ENVIRONMENT, https://git-scm.com/docs/gitcredentials
 */
export function hostGitEnvironment(options: {
  tokenFile: string;
  serverUrl: string;
  userName?: string;
  expiresAt?: number | null;
}): Record<string, string> {
  const { origin, protocol } = new URL(options.serverUrl);
  const settings: [string, string][] = [['credential.helper', '']];
  if (protocol === 'https:' || protocol === 'http:') {
    settings.push([`credential.${origin}.helper`, helper(options)]);
  }
  const environment: Record<string, string> = {
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(settings.length),
  };
  settings.forEach(([key, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return environment;
}

/** A shell snippet that git runs with the word `get`, `store` or `erase` after it; only `get` is answered. */
function helper(options: { tokenFile: string; userName?: string; expiresAt?: number | null }): string {
  const { userName = USER_NAME, expiresAt } = options;
  const file = shellQuote(options.tokenFile);
  const isGood = expiresAt ? ` && test "$(date +%s)" -lt ${Math.floor(expiresAt / 1000)}` : '';
  const answer = `printf 'username=${userName}\\npassword='; tr -d '\\r\\n' < ${file}; echo`;
  return `!f() { if test "$1" = get && test -s ${file}${isGood}; then ${answer}; fi; }; f`;
}
