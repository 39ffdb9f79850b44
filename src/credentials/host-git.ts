import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { makeDirectory, writeAtomic } from '../base/files.ts';
import { gitUserName, hostGitEnvironment } from './git-credential.ts';
import type { GitHubTokens, Permissions } from './github-tokens.ts';

/** No App's token lives longer: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app */
const TOKEN_LIFE_MS = 60 * 60_000;

/** Which repository git on the host works on, what for, and the token file that serves where no App does. */
export type HostGitWant = { repository: string; permissions: Permissions; tokenFile: string };

/**
 * Git's way to GitHub on the host. `environment` gives variables that hold no token: git reads it through a credential
 * helper from the token file, or for an App's token from a private file in `dir`, which is renewed each time it is
 * asked for and removed by `close`, or when it has ended. Throws the app_* codes, and those of `readGhToken`.
 */
export type HostGit = {
  environment(want: HostGitWant): Promise<Record<string, string>>;
  /** Whether the token there is so new that the server may not know it yet. */
  isYoung(want: HostGitWant): Promise<boolean>;
  close(): Promise<void>;
};

/** `dir` is made at need, for the service's user alone; several processes may share it. */
export function createHostGit(parts: {
  dir: string;
  serverUrl: string;
  tokens: GitHubTokens;
  clock: Clock;
}): HostGit {
  const { dir, serverUrl, clock } = parts;
  const written = new Set<string>();
  const isRemote = /^https?:/.test(serverUrl);
  return {
    async environment({ repository, permissions, tokenFile }) {
      const want = { repository, permissions, tokenFile, exact: false };
      const token = isRemote ? await parts.tokens.token(want) : undefined;
      if (token?.source.kind !== 'app') return hostGitEnvironment({ tokenFile, serverUrl });
      const file = join(dir, nameOf(want));
      await removeEnded(dir, clock.now());
      await makeDirectory(dir, { mode: 0o700 });
      const value = token.value.reveal();
      if ((await readFile(file, 'utf8').catch(() => undefined)) !== value)
        await writeAtomic(file, value, { mode: 0o600 });
      written.add(file);
      const { expiresAt } = token;
      return hostGitEnvironment({ tokenFile: file, serverUrl, userName: gitUserName(token), expiresAt });
    },
    async isYoung(want) {
      const token = isRemote ? await parts.tokens.token({ ...want, exact: false }) : undefined;
      return token !== undefined && (await parts.tokens.isYoung(token.value.reveal()));
    },
    async close() {
      for (const file of written) await rm(file, { force: true });
      written.clear();
    },
  };
}

function nameOf(want: HostGitWant): string {
  const text = JSON.stringify([want.repository, Object.entries(want.permissions).toSorted()]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** What a service that was killed left behind. */
async function removeEnded(dir: string, nowMs: number): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    const path = join(dir, name);
    const found = await stat(path).catch(() => undefined);
    if (found && found.mtimeMs < nowMs - TOKEN_LIFE_MS) await rm(path, { force: true });
  }
}
