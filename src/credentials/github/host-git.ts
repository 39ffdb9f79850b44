import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, removeTree } from '../../base/files.ts';
import { randomId } from '../../base/ids.ts';
import type { AppSecret } from '../github-app/record.ts';
import { gitUserName, hostGitEnvironment } from './git-credential.ts';
import type { GitHubTokens, Permissions } from './github-tokens.ts';

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
