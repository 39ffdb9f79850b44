import { join } from 'node:path';
import { systemClock as clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { isInMemory, memoryPlaceFor } from '../config/directories.ts';
import type { GitHubTokens } from '../credentials/github/github-tokens.ts';
import { createHostGit, type HostGitWant } from '../credentials/github/host-git.ts';
import { createNamedSecrets, type NamedSecrets, warnOfDropped } from '../credentials/inject/named-secrets.ts';
import { createPassphrases } from '../credentials/secrets/passphrase.ts';
import { keepOutOfGit } from '../credentials/secrets/secret-store.ts';
import { createSecretStores } from '../credentials/secrets/secret-stores.ts';
import { createMaskedValues, type MaskedValues } from '../flow/credentials/masked-values.ts';
import { type BearerAccess, createBearerAccess } from '../flow/credentials/runtime-access.ts';
import { createTokenRenewer, type TokenRenewer } from '../flow/credentials/token-renewer.ts';
import { type CommitterFor, createCommitters } from '../flow/github/committer.ts';
import { credentialSource, type Purpose, permissionsFor } from '../flow/github/github-credential.ts';
import type { Directories } from '../flow/paths.ts';
import type { GitHubClient } from '../github/client.ts';
import { type Listener, reachableUrl } from '../http/listen.ts';
import { startRuntimeServer } from '../http/runtime-server.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';
import type { Profile } from '../profiles/profile.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import type { Repository } from '../workspaces/remote.ts';
import { AGENTS } from './agents.ts';
import { composeClients } from './host.ts';

type CloneSubject = Omit<Repository, 'id'>;

/** Everything of the GitHub credentials of runs, and of the service when it works for them. */
export type ComposedGrants = {
  tokens: GitHubTokens;
  secrets: NamedSecrets;
  masked: MaskedValues;
  renewer: TokenRenewer;
  /** A client with the credential of a profile's runs, scoped to the repository and to what it is for. */
  clientFor: (profile: Profile, repository: string, purpose: Purpose) => GitHubClient;
  /** Whom git in a run's container commits as. */
  committerFor: CommitterFor;
  /** The same for git on the host; variables that hold no token. Ask anew before each command. */
  gitEnvironmentFor: (
    profile: Profile,
    repository: string,
    purpose: Purpose,
  ) => Promise<Record<string, string>>;
  /** Removes the token of such an environment once its git has ended. */
  releaseGitEnvironment: (environment: Record<string, string>) => Promise<void>;
  /** What mirrors fetch with. */
  cloneEnvironment: (repository: CloneSubject) => Promise<Record<string, string>>;
  /** Whether git on the host has a token there that GitHub may not know everywhere yet. */
  isGitTokenYoung: (profile: Profile, repository: string, purpose: Purpose) => Promise<boolean>;
  /** The same for what mirrors fetch with. */
  isCloneTokenYoung: (repository: CloneSubject) => Promise<boolean>;
  /** Where processes elsewhere reach the runtime listener; undefined while it is off. */
  runtimeUrl: () => string | undefined;
  /** Renews tokens from now on, and opens the runtime listener where it is on. Throws `listen_failed`. */
  start: () => Promise<void>;
  stop: () => Promise<void>;
};

/** Builds what grants GitHub tokens and named secrets. */
export function composeGrants(resources: {
  config: Config;
  tokens: GitHubTokens;
  directories: Directories;
  runs: RunStore;
  redactor: Redactor;
  log: Logger;
}): ComposedGrants {
  const { config, tokens, directories, redactor, log, runs } = resources;
  const { secretsDir, githubServerUrl: serverUrl } = config;
  const masked = createMaskedValues();
  const named = composeSecrets(resources);
  const renewer = createTokenRenewer({ tokens, runs, masked, redactor, clock, log });
  const hostGit = createHostGit({
    dir: join(memoryPlaceFor(config.runDir), `host-git-${directories.installation}`),
    serverUrl,
    tokens,
  });
  const clientFor = composeClients(config, tokens, log);
  let runtime: Listener | undefined;
  const gitWant = (profile: Profile, repository: string, purpose: Purpose): HostGitWant => ({
    repository,
    permissions: permissionsFor(purpose),
    ...credentialSource(profile, config.secretsDir),
  });
  return {
    tokens,
    secrets: named.secrets,
    masked,
    renewer,
    clientFor,
    committerFor: createCommitters({ tokens, clientFor, secretsDir, serverUrl, clock, log }),
    gitEnvironmentFor: async (...want) => await hostGit.environment(gitWant(...want)),
    releaseGitEnvironment: async (environment) => await hostGit.release(environment),
    isGitTokenYoung: async (...want) => await hostGit.isYoung(gitWant(...want)),
    cloneEnvironment: async (repository) => await hostGit.environment(cloneWant(repository)),
    isCloneTokenYoung: async (repository) => await hostGit.isYoung(cloneWant(repository)),
    runtimeUrl: () => runtime && (config.runtimeAddress ?? reachableUrl(runtime.url)),
    async start() {
      if (!isInMemory(config.runDir)) warnOfDisk(log, config.runDir);
      await hostGit.start();
      await named.look();
      renewer.start();
      runtime = await startRuntime(config, createBearerAccess({ runs, tokens, directories }), log);
    },
    async stop() {
      renewer.stop();
      await runtime?.close();
      await hostGit.close();
    },
  };
}

function warnOfDisk(log: Logger, runDir: string): void {
  const message = `RUN_DIR (${runDir}) is on a disk, so the tokens of active runs are written to it.`;
  const hint = 'Set RUN_DIR to a directory of a tmpfs that the engine sees too, such as /run/github-flows.';
  log.warn({ code: 'run_dir_on_disk', message, hint }, 'run directory is on a disk');
}

function cloneWant({ owner, name, tokenFile = '', appSecret }: CloneSubject): HostGitWant {
  const permissions = permissionsFor('clone');
  return { repository: `${owner}/${name}`, permissions, tokenFile, ...(appSecret && { appSecret }) };
}

/** The runtime listener, or undefined where it is off. */
async function startRuntime(
  { runtimeHost: host, runtimePort: port }: Config,
  access: BearerAccess,
  log: Logger,
): Promise<Listener | undefined> {
  if (port === undefined) return undefined;
  const token = async (runId: string): Promise<{ token: string; expiresAt: string } | undefined> => {
    const found = await access.token(runId);
    return found && { token: found.value.reveal(), expiresAt: found.expiresAt };
  };
  return await startRuntimeServer({ host, port, access: { runOf: access.runOf, token }, log, clock });
}

/** The named secrets of runs. */
type ComposedSecrets = {
  secrets: NamedSecrets;
  /** Opens every store that is there, and warns of those that do not count. */
  look(): Promise<void>;
};

/** Builds what looks named secrets up. */
export function composeSecrets(parts: { config: Config; redactor: Redactor; log: Logger }): ComposedSecrets {
  const { config, redactor, log } = parts;
  if (config.passphrase) redactor.add(config.passphrase.reveal());
  const passphrases = createPassphrases({ given: () => config.passphrase, keyFile: config.keyFile });
  const stores = createSecretStores({ secretsDir: config.secretsDir, passphrases, clock });
  const drop = warnOfDropped(log);
  const { secretsOrder: order, environment } = config;
  return {
    secrets: createNamedSecrets({ stores, order, agents: AGENTS, environment, drop }),
    async look() {
      await keepOutOfGit(join(config.secretsDir, 'service')).catch(() => {});
      for (const store of stores.existing())
        await store.read().catch((error: unknown) => drop(asFlowError(error)));
    },
  };
}
