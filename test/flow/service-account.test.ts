import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { ClientFor } from '../../src/flow/github/github-credential.ts';
import { createServiceAccount } from '../../src/flow/github/service-account.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { startGitHubApi } from '../support/github/api.ts';
import { profileOf } from '../support/github/flow-events.ts';
import { settableClock } from '../support/suite/fake-clock.ts';

const profile = profileOf('p', { event: 'issue_comment' });

/** The voice of a service that has an App in octo/with-app alone, and a token file beside it. */
async function openVoice() {
  const api = await startGitHubApi();
  onTestFinished(async () => await api.close());
  const log = pino({ level: 'silent' });
  const clientFor: ClientFor = (_profile, repository) =>
    createGitHubClient({ apiUrl: api.url, token: async () => `token-for ${repository}`, log });
  const clock = settableClock();
  const own = createServiceAccount({
    clientFor,
    credentialKey: () => '/secrets/gh-token',
    appLogins: () => ['flows[bot]'],
    accounts: { learn: async () => undefined, of: async () => undefined, has: async () => false },
    clock,
  });
  return { api, own, clock };
}

test('the account of a token file is known beside an App of the same owner', async () => {
  const { api, own } = await openVoice();
  api.misbehaveAt(/\/user$/, { status: 403, message: 'Resource not accessible by integration' }, 1);
  expect(await own.isOwn(profile, 'octo/with-app', 'the-robot')).toBe(false);
  expect(await own.isOwn(profile, 'octo/without-app', 'The-Robot')).toBe(true);
  expect(await own.isOwn(profile, 'octo/with-app', 'Flows[bot]')).toBe(true);
});

test('the account is asked for again after ten minutes, and not before', async () => {
  const { api, own, clock } = await openVoice();
  const ask = async (): Promise<number> => {
    await own.isOwn(profile, 'octo/hello', 'somebody');
    return api.requests.length;
  };
  expect([await ask(), await ask()]).toEqual([1, 1]);
  clock.time += 600_001;
  expect(await ask()).toBe(2);
});
