import type { Clock } from '../../base/clock.ts';
import type { GitHubTokens } from '../../credentials/github/github-tokens.ts';
import { createTokenClients } from '../../credentials/github/token-clients.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { Logger } from '../../log/logger.ts';
import type { Profile } from '../../profiles/profile.ts';
import { credentialSource, type Purpose, permissionsFor } from './github-credential.ts';

/** A GitHub client with the credential that a profile's runs in a repository (`owner/name`) have. */
export type ClientFor = (profile: Profile, repository: string, purpose: Purpose) => GitHubClient;

/** One client for each repository, purpose and credential. */
export function createClients(parts: {
  apiUrl: string;
  secretsDir: string;
  tokens: GitHubTokens;
  clock: Clock;
  log: Logger;
}): ClientFor {
  const { apiUrl, secretsDir, tokens, clock, log } = parts;
  const clientOf = createTokenClients({ apiUrl, tokens, clock, log });
  return (profile, repository, purpose) =>
    clientOf({ repository, permissions: permissionsFor(purpose), ...credentialSource(profile, secretsDir) });
}
