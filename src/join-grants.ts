import { join } from 'node:path';
import { clientsFor } from './assembly.ts';
import { systemClock as clock } from './base/clock.ts';
import type { Config } from './config/config.ts';
import { createFileTokens } from './credentials/file-tokens.ts';
import type { GitHubTokens } from './credentials/github-tokens.ts';
import { createHostGit } from './credentials/host-git.ts';
import { type Purpose, permissionsFor, tokenFileFor } from './flow/github-credential.ts';
import { createHeldSecrets, type HeldSecrets } from './flow/held-secrets.ts';
import { createTokenKeeper, type TokenKeeper } from './flow/token-keeper.ts';
import type { GitHubClient } from './github/client.ts';
import type { Logger } from './log/logger.ts';
import type { Redactor } from './log/redact.ts';
import type { Profile } from './profiles/profile.ts';
import type { RunStore } from './runs/run-store.ts';

/** Everything of the GitHub credentials of runs, and of the service when it works for them. */
export type JoinedGrants = {
  tokens: GitHubTokens;
  held: HeldSecrets;
  keeper: TokenKeeper;
  /** A client with the credential of a profile's runs, scoped to the repository and to what it is for. */
  clientFor: (profile: Profile, repository: string, purpose: Purpose) => GitHubClient;
  /** The same for git on the host; variables that hold no token. Ask anew before each command. */
  gitEnvironmentFor: (
    profile: Profile,
    repository: string,
    purpose: Purpose,
  ) => Promise<Record<string, string>>;
  /** What mirrors fetch with. */
  cloneEnvironment: (repository: {
    owner: string;
    name: string;
    tokenFile?: string;
  }) => Promise<Record<string, string>>;
  /** Where processes elsewhere reach the runtime listener; undefined while it is off. */
  runtimeUrl: () => string | undefined;
  stop: () => Promise<void>;
};

/** Builds what hands out GitHub tokens. */
export function joinGrants(ground: {
  config: Config;
  installation: string;
  runs: RunStore;
  redactor: Redactor;
  log: Logger;
}): JoinedGrants {
  const { config, redactor, log, runs } = ground;
  const tokens = createFileTokens({ redactor });
  const held = createHeldSecrets();
  const keeper = createTokenKeeper({ tokens, runs, held, redactor, clock, log });
  const hostGit = createHostGit({
    dir: join(config.runDir, `host-git-${ground.installation}`),
    serverUrl: config.githubServerUrl,
    tokens,
    clock,
  });
  return {
    tokens,
    held,
    keeper,
    clientFor: clientsFor(config, { tokens, log }),
    gitEnvironmentFor: async (profile, repository, purpose) =>
      await hostGit.environment({
        repository,
        permissions: permissionsFor(purpose),
        tokenFile: tokenFileFor(profile, config.secretsDir),
      }),
    cloneEnvironment: async ({ owner, name, tokenFile = '' }) =>
      await hostGit.environment({
        repository: `${owner}/${name}`,
        permissions: permissionsFor('clone'),
        tokenFile,
      }),
    runtimeUrl: () => undefined,
    async stop() {
      keeper.stop();
      await hostGit.close();
    },
  };
}
