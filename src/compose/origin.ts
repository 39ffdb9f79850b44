import { join } from 'node:path';
import { asFlowError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { EventRepository } from '../events/event.ts';
import { credentialSource } from '../flow/github/github-credential.ts';
import { createOrigin, notFetched, type Origin } from '../flow/github/origin.ts';
import type { Redactor } from '../log/redact.ts';
import { gitHostEnvironment } from '../workspaces/git.ts';
import type { Mirrors } from '../workspaces/mirrors/mirror.ts';
import { createRemotes } from '../workspaces/remote.ts';
import type { ComposedGrants } from './credentials.ts';

/** Seconds without a byte after which a look at a repository is given up. */
const STALL_SEC = 20;

/** Joins what a repository is asked of its commits, over the service's own mirrors. */
export function composeOrigin(resources: {
  config: Config;
  redactor: Redactor;
  grants: Pick<ComposedGrants, 'cloneEnvironment' | 'releaseGitEnvironment'>;
  mirrors: Mirrors;
}): Origin {
  const { config, redactor, grants, mirrors } = resources;
  return createOrigin({
    ...placesOf(config),
    // Where HEAD stands for no branch, the others are fetched all the same.
    refresh: async (repository, signal) =>
      await mirrors.fetch(repository, {}, { signal }).catch((error: unknown) => {
        if (asFlowError(error).code !== 'ref_not_found') throw error;
      }),
    remoteOf: createRemotes({
      serverUrl: config.githubServerUrl,
      credentialEnv: grants.cloneEnvironment,
      releaseCredential: grants.releaseGitEnvironment,
      hostEnv: gitHostEnvironment(config.environment),
      cwd: config.varDir,
      stallSec: STALL_SEC,
      mask: redactor.mask,
    }),
  });
}

/** The same for a command beside the service, which fetches nothing: two processes cannot fetch into one mirror. */
export function originAsFetched(config: Config): Origin {
  const refuse = (): never => {
    throw notFetched('is fetched by the service alone, and not by a command');
  };
  return createOrigin({ ...placesOf(config), refresh: async () => refuse(), remoteOf: refuse });
}

function placesOf(config: Config): Pick<Parameters<typeof createOrigin>[0], 'mirrorOf' | 'credentialOf'> {
  return {
    mirrorOf: ({ id }: EventRepository) => join(config.varDir, 'mirrors', `${id}.git`),
    credentialOf: (profile) => credentialSource(profile, config.secretsDir),
  };
}
