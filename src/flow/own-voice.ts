import type { Clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { Voice } from '../feedback/voice.ts';
import type { GitHubClient } from '../github/client.ts';
import { askLogin } from '../github/token-owner.ts';
import { isSameLogin } from '../profiles/allow.ts';
import type { Profile } from '../profiles/profile.ts';
import type { OwnAccounts } from '../runs/own-accounts.ts';
import type { Purpose } from './github-credential.ts';

/** A GitHub client with the credential that a profile's runs in a repository (`owner/name`) have. */
export type ClientFor = (profile: Profile, repository: string, purpose: Purpose) => GitHubClient;

/** As whom the service speaks on GitHub. */
export type OwnVoice = {
  /** The voice of a profile in a repository, for what is said there. */
  voiceFor(profile: Profile, repository: string): Promise<Voice>;
  /** Whether a login is the App or the account that the service works with; asks GitHub at most once an hour for each credential. */
  isOwn(profile: Profile, repository: string, login: string): Promise<'yes' | 'no' | 'unknown'>;
  /** The same without asking anybody: by what is known already. */
  isKnownOwn(login: string): Promise<boolean>;
};

const REMEMBERED_MS = 3_600_000;

/** After no answer, GitHub is left alone for so long. */
const NO_ANSWER_MS = 60_000;

/** `tokenFileFor` names the file that a profile's token comes from; `appLogins` are those of the Apps that the service is. */
export function createOwnVoice(parts: {
  clientFor: ClientFor;
  tokenFileFor: (profile: Profile) => string;
  appLogins: () => readonly string[];
  accounts: OwnAccounts;
  clock: Clock;
}): OwnVoice {
  const asked = new Map<string, { at: number; login: string | undefined; isKnown: boolean }>();
  const keyOf = (profile: Profile, repository: string): string =>
    `${parts.tokenFileFor(profile)} ${repository.split('/')[0]?.toLowerCase()}`;

  const ask = async (profile: Profile, repository: string) => {
    const key = keyOf(profile, repository);
    const known = asked.get(key);
    const patience = known?.isKnown ? REMEMBERED_MS : NO_ANSWER_MS;
    if (known && parts.clock.now() - known.at < patience) return known;
    const answer = await askNow(profile, repository, key);
    asked.set(key, { at: parts.clock.now(), ...answer });
    return answer;
  };
  const askNow = async (profile: Profile, repository: string, key: string) => {
    try {
      const login = await askLogin(parts.clientFor(profile, repository, 'lookup'));
      if (login !== undefined) await parts.accounts.learn(key, login);
      return { login, isKnown: true };
    } catch (error) {
      if (asFlowError(error).code === 'github_credential_missing') return { login: undefined, isKnown: true };
      const before = await parts.accounts.of(key);
      return { login: before?.login, isKnown: false };
    }
  };
  const isKnownOwn: OwnVoice['isKnownOwn'] = async (login) =>
    parts.appLogins().some((own) => isSameLogin(own, login)) || (await parts.accounts.has(login));
  return {
    async voiceFor(profile, repository) {
      const key = keyOf(profile, repository);
      const client = parts.clientFor(profile, repository, 'report');
      const known = asked.get(key)?.login ?? (await parts.accounts.of(key))?.login;
      return {
        client,
        login: known,
        async heard(login) {
          if (known !== undefined && isSameLogin(known, login)) return;
          await parts.accounts.learn(key, login);
          asked.set(key, { at: parts.clock.now(), login, isKnown: true });
        },
      };
    },
    async isOwn(profile, repository, login) {
      if (parts.appLogins().some((own) => isSameLogin(own, login))) return 'yes';
      const { login: own, isKnown } = await ask(profile, repository);
      if (own !== undefined && isSameLogin(own, login)) return 'yes';
      return isKnown ? 'no' : 'unknown';
    },
    isKnownOwn,
  };
}
