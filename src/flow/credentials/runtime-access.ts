import { isoTime } from '../../base/clock.ts';
import type { Secret } from '../../base/secret.ts';
import { isBearer, runOfBearer } from '../../credentials/bearer.ts';
import type { GitHubTokens } from '../../credentials/github/github-tokens.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { type Directories, runPaths } from '../paths.ts';
import { readGrant } from './grant-record.ts';

/** What a run's own bearer gets on the runtime listener. */
export type BearerAccess = {
  /** The active run whose bearer this is, else undefined; whatever the text is. */
  runOf(bearer: string): Promise<string | undefined>;
  /** A token of the App that serves the run's repository; undefined where none does. Throws the app_* codes. */
  token(runId: string): Promise<{ value: Secret; expiresAt: string } | undefined>;
};

/** Bearers live as long as their run is prepared or runs; their hashes lie with the run, so that a restart changes nothing. */
export function createBearerAccess(parts: {
  runs: Pick<RunStore, 'find'>;
  tokens: Pick<GitHubTokens, 'token' | 'hasApp'>;
  directories: Directories;
}): BearerAccess {
  const { runs, tokens, directories } = parts;
  const grantOf = async (runId: string) => {
    const run = await runs.find(runId);
    const isActive = run?.state === 'preparing' || run?.state === 'running';
    return isActive ? await readGrant(runPaths(directories, run)) : undefined;
  };
  return {
    async runOf(bearer) {
      const runId = runOfBearer(bearer);
      const hash = runId === undefined ? null : (await grantOf(runId))?.bearerHash;
      return hash && isBearer(bearer, hash) ? runId : undefined;
    },
    async token(runId) {
      const grant = await grantOf(runId);
      // Without an App nothing is read, so that an invalid token file is no error here.
      if (!grant || !(grant.appSecret || (await tokens.hasApp(grant.repository)))) return undefined;
      const token = await tokens.token({ ...grant, exact: true });
      const expiresAt = isoTime(token?.expiresAt);
      return token?.source.kind === 'app' && expiresAt !== null
        ? { value: token.value, expiresAt }
        : undefined;
    },
  };
}
