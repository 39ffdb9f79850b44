import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { createGitHubClient, type GitHubClient } from '../../github/client.ts';
import type { Logger } from '../../log/logger.ts';
import type { GitHubTokens } from './github-tokens.ts';

/** Which token a client works with. */
type ClientWant = Omit<Parameters<GitHubTokens['token']>[0], 'exact'>;

/** How many clients are kept; the one that was used longest ago goes. */
const MAX_CLIENTS = 500;

/** GitHub clients, one for each want; each gets its token anew for every request. */
export function createTokenClients(parts: {
  apiUrl: string;
  tokens: GitHubTokens;
  clock: Clock;
  log: Logger;
}): (want: ClientWant) => GitHubClient {
  const { apiUrl, tokens, clock, log } = parts;
  const clients = new LRUCache<string, GitHubClient>({ max: MAX_CLIENTS });
  return (want) => {
    const key = JSON.stringify(want);
    const known = clients.get(key);
    if (known) return known;
    const token = async (refused?: string): Promise<string | undefined> => {
      if (refused !== undefined) await tokens.refused(refused);
      return (await tokens.token({ ...want, exact: false }))?.value.reveal();
    };
    const client = createGitHubClient({ apiUrl, token, young: { isYoung: tokens.isYoung, clock }, log });
    clients.set(key, client);
    return client;
  };
}
