import type { Clock } from '../../base/clock.ts';
import { type Committer, NOBODY } from '../../containers/create/start-script.ts';
import { within } from '../../containers/within.ts';
import type { GitHubTokens } from '../../credentials/github/github-tokens.ts';
import { askAccount } from '../../github/token-owner.ts';
import type { Logger } from '../../log/logger.ts';
import type { Profile } from '../../profiles/profile.ts';
import { credentialKey, credentialSource, permissionsFor } from './github-credential.ts';
import type { ClientFor } from './service-account.ts';

/** Whom git commits as in the containers of a profile's runs in a repository; never rejects. */
export type CommitterFor = (profile: Profile, repository: string) => Promise<Committer>;

/** What finding out takes from the rest of the service. */
export type CommitterParts = {
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

/** How many answers are kept; the oldest goes. */
const MAX_KNOWN = 5_000;

/** What a run waits for an answer at the most. */
const PATIENCE_MS = 10_000;

/** Logins as GitHub has them; whatever else is never written into a configuration file of git's. */
const LOGIN = /^[A-Za-z0-9_-]{1,100}(?:\[bot\])?$/;

type Known = { committer: Committer; until: number };

/**
 * The account behind the credential that a run's commits are pushed with, by the address that GitHub keeps for it: its
 * id cannot be had by anybody else, and nor can the address that stands in when GitHub does not tell.
 */
export function createCommitters(parts: CommitterParts): CommitterFor {
  const known = new Map<string, Promise<Known>>();
  const askNow = async (profile: Profile, repository: string): Promise<Known> => {
    const now = parts.clock.now();
    const asking = within(parts.clock, PATIENCE_MS, findOut(parts, profile, repository));
    const committer = await asking.catch((error: unknown) => {
      parts.log.warn({ err: error, repository }, 'committer of run could not be looked up');
      return undefined;
    });
    return { committer: committer ?? NOBODY, until: now + (committer ? REMEMBERED_MS : NO_ANSWER_MS) };
  };
  return async (profile, repository) => {
    const key = `${credentialKey(profile, parts.secretsDir)} ${repository.toLowerCase()}`;
    const before = await known.get(key);
    if (before && parts.clock.now() < before.until) return before.committer;
    const asked = askNow(profile, repository);
    known.delete(key);
    known.set(key, asked);
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    return (await asked).committer;
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
  const account = await askAccount(clientFor(profile, repository, 'lookup'), bot);
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
