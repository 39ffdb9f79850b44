import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import type { PostingAccount } from '../../feedback/thread.ts';
import type { GitHubClient } from '../../github/client.ts';
import { fetchAccount } from '../../github/tokens.ts';
import { isSameLogin } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { OwnAccounts } from '../../runs/store/own-accounts.ts';
import type { ClientFor } from './github-credential.ts';

/** As whom the service speaks on GitHub. */
export type ServiceAccount = {
  /** The account that posts for a profile in a repository. */
  accountFor(profile: Profile, repository: string): Promise<PostingAccount>;
  /** Whether a login is the App or the account that the service works with; GitHub is asked every ten minutes at the most for each repository and credential. */
  isOwn(profile: Profile, repository: string, login: string, id?: number): Promise<boolean>;
  /** The same by what is stored, without a request. */
  isKnownOwn(login: string, id?: number): Promise<boolean>;
};

type Account = { login: string; id: number | null };

/** A token may be replaced by that of another account. */
const REMEMBERED_MS = 600_000;

/** How many answers are kept; the one that was used longest ago goes. */
const MAX_ASKED = 5_000;

/** After no answer, GitHub is left alone for so long; a GitHub that is away takes no comments of agents either. */
const NO_ANSWER_MS = 60_000;

/** Codes that mean that the credential belongs to no account. */
const NOBODY = ['github_credential_missing', 'github_not_found', 'github_token_refused'];

/** `credentialKey` tells the credentials of profiles apart; `appLogins` are those of the Apps that the service is. */
export function createServiceAccount(parts: {
  clientFor: ClientFor;
  credentialKey: (profile: Profile) => string;
  appLogins: () => readonly string[];
  accounts: OwnAccounts;
  clock: Clock;
}): ServiceAccount {
  const asked = new LRUCache<string, { account: Account | undefined }, GitHubClient>({
    max: MAX_ASKED,
    ttl: REMEMBERED_MS,
    ttlResolution: 0,
    perf: parts.clock,
    ignoreFetchAbort: true,
    async fetchMethod(key, _stale, { context: client, options }) {
      try {
        const account = await fetchAccount(client);
        if (account) await parts.accounts.learn(key, account);
        return { account };
      } catch (error) {
        options.ttl = NO_ANSWER_MS;
        const isNobody = NOBODY.includes(asFlowError(error).code);
        return { account: isNobody ? undefined : await parts.accounts.of(key) };
      }
    },
  });
  const ask = async (profile: Profile, repository: string): Promise<Account | undefined> => {
    // An App may serve one repository of an owner and the token file another, and they are not one account.
    const key = `${parts.credentialKey(profile)} ${repository.toLowerCase()}`;
    const answer = await asked.fetch(key, { context: parts.clientFor(profile, repository, 'lookup') });
    return answer?.account;
  };
  const isApp = (login: string): boolean => parts.appLogins().some((own) => isSameLogin(own, login));
  return {
    async accountFor(profile, repository) {
      const login = (await ask(profile, repository))?.login;
      return { client: parts.clientFor(profile, repository, 'report'), login };
    },
    async isOwn(profile, repository, login, id) {
      if (isApp(login)) return true;
      const own = await ask(profile, repository);
      // Whoever asks with an App that a secret holds has asked GitHub for it, and knows it from then on.
      if (isApp(login)) return true;
      if (!own) return false;
      return isSameLogin(own.login, login) || (id !== undefined && own.id === id);
    },
    isKnownOwn: async (login, id) => isApp(login) || (await parts.accounts.has(login, id)),
  };
}
