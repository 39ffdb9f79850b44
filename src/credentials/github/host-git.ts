import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, removeTree } from '../../base/files.ts';
import { randomId } from '../../base/ids.ts';
import { shellQuote } from '../../base/text.ts';
import type { AppSecret } from '../github-app/record.ts';
import { GIT_USER_NAME, type GitHubTokens, gitUserName, type Permissions } from './github-tokens.ts';

/** Which repository git on the host works on, what for, and the secret with the App that serves, else the token file that does where no App does. */
export type HostGitWant = {
  repository: string;
  permissions: Permissions;
  tokenFile: string;
  appSecret?: AppSecret;
};

/**
 * Git's way to GitHub on the host. `environment` gives variables that hold no token: git reads it through a credential
 * helper from the token file, or for an App's token from a private file in `dir`, which is made for one command and goes
 * with `release`, else with `close`; `start` removes what a service that was killed left there. Throws the app_* codes, and those of `readGhToken`.
 */
export type HostGit = {
  environment(want: HostGitWant): Promise<Record<string, string>>;
  /** The command that had this environment is over. */
  release(environment: Record<string, string>): Promise<void>;
  start(): Promise<void>;
  /** Whether the token there is so new that the server may not know it yet. */
  isYoung(want: HostGitWant): Promise<boolean>;
  close(): Promise<void>;
};

/** `dir` is made at need, for the service's user alone; it belongs to this process. */
export function createHostGit(parts: { dir: string; serverUrl: string; tokens: GitHubTokens }): HostGit {
  const { dir, serverUrl } = parts;
  const files = new WeakMap<Record<string, string>, string>();
  const isRemote = /^https?:/.test(serverUrl);
  return {
    async environment(want) {
      const { tokenFile } = want;
      const token = isRemote ? await parts.tokens.token({ ...want, exact: false }) : undefined;
      if (token?.source.kind !== 'app') return hostGitEnvironment({ tokenFile, serverUrl });
      const file = join(dir, randomId(24));
      await makeDirectory(dir, { mode: 0o700 });
      await writeFile(file, token.value.reveal(), { flag: 'wx', mode: 0o600 });
      const { expiresAt } = token;
      const userName = gitUserName(token);
      const environment = hostGitEnvironment({ tokenFile: file, serverUrl, userName, expiresAt });
      files.set(environment, file);
      return environment;
    },
    async release(environment) {
      const file = files.get(environment);
      if (file !== undefined) await rm(file, { force: true });
    },
    start: async () => await removeTree(dir),
    async isYoung(want) {
      const token = isRemote ? await parts.tokens.token({ ...want, exact: false }) : undefined;
      return token !== undefined && (await parts.tokens.isYoung(token.value.reveal()));
    },
    async close() {
      await removeTree(dir);
    },
  };
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
  const { userName = GIT_USER_NAME, expiresAt } = options;
  const file = shellQuote(options.tokenFile);
  const isGood = expiresAt ? ` && test "$(date +%s)" -lt ${Math.floor(expiresAt / 1000)}` : '';
  const answer = `printf 'username=${userName}\\npassword='; tr -d '\\r\\n' < ${file}; echo`;
  return `!f() { if test "$1" = get && test -s ${file}${isGood}; then ${answer}; fi; }; f`;
}
