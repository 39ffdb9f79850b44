import { LRUCache } from 'lru-cache';
import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { type Committer, NOBODY } from '../../containers/create/start-script.ts';
import type { GitHubTokens } from '../../credentials/github/github-tokens.ts';
import { fetchAccount } from '../../github/tokens.ts';
import type { Logger } from '../../log/logger.ts';
import type { Profile } from '../../profiles/profile.ts';
import { type ClientFor, credentialKey, credentialSource, permissionsFor } from './github-credential.ts';

/** Whom git commits as in the containers of a profile's runs in a repository; never rejects. */
export type CommitterFor = (profile: Profile, repository: string) => Promise<Committer>;

/** What finding out takes from the rest of the service. */
type CommitterParts = {
  tokens: Pick<GitHubTokens, 'token'>;
  clientFor: ClientFor;
  secretsDir: string;
  serverUrl: string;
  clock: Clock;
  log: Logger;
};

/** A token may be replaced by that of another account; after no answer GitHub is asked again sooner. */
const REMEMBERED_MS = 600_000;
const NO_ANSWER_MS = 60_000;

/** How many answers are kept; the one that was used longest ago goes. */
const MAX_KNOWN = 5_000;

/** What a run waits for an answer at the most. */
const PATIENCE_MS = 10_000;

/** Logins as GitHub has them; whatever else is never written into a configuration file of git's. */
const LOGIN = /^[A-Za-z0-9_-]{1,100}(?:\[bot\])?$/;

/**
 * The account behind the credential that a run's commits are pushed with, by the address that GitHub keeps for it: its
 * id cannot be had by anybody else, and nor can the address that stands in when GitHub does not answer.
 */
export function createCommitters(parts: CommitterParts): CommitterFor {
  const known = new LRUCache<string, Committer, { profile: Profile; repository: string }>({
    max: MAX_KNOWN,
    ttl: REMEMBERED_MS,
    ttlResolution: 0,
    perf: parts.clock,
    ignoreFetchAbort: true,
    async fetchMethod(_key, _stale, { context: { profile, repository }, options }) {
      const asking = within(parts.clock, PATIENCE_MS, findOut(parts, profile, repository));
      const committer = await asking.catch((error: unknown) => {
        parts.log.warn({ err: error, repository }, 'committer of run could not be looked up');
        return undefined;
      });
      if (!committer) options.ttl = NO_ANSWER_MS;
      return committer ?? NOBODY;
    },
  });
  return async (profile, repository) => {
    const key = `${credentialKey(profile, parts.secretsDir)} ${repository.toLowerCase()}`;
    return await known.forceFetch(key, { context: { profile, repository } });
  };
}

async function findOut(
  { tokens, clientFor, secretsDir, serverUrl }: CommitterParts,
  profile: Profile,
  repository: string,
): Promise<Committer | undefined> {
  const source = credentialSource(profile, secretsDir);
  const permissions = permissionsFor('lookup');
  const token = await tokens.token({ repository, permissions, exact: false, ...source });
  if (!token || (token.source.kind === 'app' && token.source.login === undefined)) return undefined;
  const bot = token.source.kind === 'app' ? token.source.login : undefined;
  const account = await fetchAccount(clientFor(profile, repository, 'lookup'), bot);
  if (account?.id == null || !LOGIN.test(account.login)) return undefined;
  const { id, login } = account;
  return { name: login, email: `${id}+${login}@${noReplyHost(serverUrl)}` };
}

/** https://docs.github.com/account-and-profile/reference/email-addresses-reference#your-noreply-email-address */
function noReplyHost(serverUrl: string): string {
  const { hostname, protocol } = new URL(serverUrl);
  const isName = protocol !== 'file:' && /[a-z]$/i.test(hostname) && hostname !== 'localhost';
  return `users.noreply.${isName ? hostname : 'github.com'}`;
}
