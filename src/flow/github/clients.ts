import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import type { GitHubTokens } from '../../credentials/github/github-tokens.ts';
import { createGitHubClient, type GitHubClient } from '../../github/client.ts';
import type { Logger } from '../../log/logger.ts';
import type { Profile } from '../../profiles/profile.ts';
import { credentialSource, type Purpose, permissionsFor } from './github-credential.ts';

/** A GitHub client with the credential that a profile's runs in a repository (`owner/name`) have. */
export type ClientFor = (profile: Profile, repository: string, purpose: Purpose) => GitHubClient;

/** How many clients are kept; the one that was used longest ago goes. */
const MAX_CLIENTS = 500;

/** One client for each repository, purpose and credential; each asks for its token anew. */
export function createClients(parts: {
  apiUrl: string;
  secretsDir: string;
  tokens: GitHubTokens;
  clock: Clock;
  log: Logger;
}): ClientFor {
  const { apiUrl, secretsDir, tokens, clock, log } = parts;
  const clients = new LRUCache<string, GitHubClient>({ max: MAX_CLIENTS });
  return (profile, repository, purpose) => {
    const source = credentialSource(profile, secretsDir);
    const key = JSON.stringify([repository, purpose, source]);
    const known = clients.get(key);
    if (known) return known;
    const want = { repository, permissions: permissionsFor(purpose), exact: false, ...source };
    const token = async (refused?: string): Promise<string | undefined> => {
      if (refused !== undefined) await tokens.refused(refused);
      return (await tokens.token(want))?.value.reveal();
    };
    const client = createGitHubClient({ apiUrl, token, young: { isYoung: tokens.isYoung, clock }, log });
    clients.set(key, client);
    return client;
  };
}
