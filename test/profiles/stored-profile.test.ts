import { expect, test } from 'vitest';
import { retryWait } from '../../src/flow/actions/retry-policy.ts';
import { grantedSecrets, planSsh } from '../../src/flow/prepare/plan-secrets.ts';
import { readStoredProfile } from '../../src/profiles/profile.ts';
import { toPublish } from '../../src/profiles/publish.ts';
import { profileOf } from '../support/github/flow-events.ts';

/** What the first version stored: without the keys that came later. */
function oldest(): string {
  const { retry, publish, credentials, checkout, ...rest } = profileOf('.', { event: 'push' });
  const { agentConfig, ...oldCheckout } = checkout;
  const { authors, limits, ...oldPublish } = toPublish({}) ?? {};
  const { lfs, ...oldLimits } = limits ?? {};
  return JSON.stringify({
    ...rest,
    credentials: { codex: credentials.codex },
    checkout: oldCheckout,
    publish: { ...oldPublish, limits: oldLimits },
  });
}

test('a profile that is stored comes back as it was', () => {
  const profile = { ...profileOf('.', { event: 'push' }), publish: toPublish({}) };
  expect(readStoredProfile(JSON.stringify(profile))).toEqual(profile);
});

test('a profile saved before a key was known does what that version did', () => {
  const profile = readStoredProfile(oldest());
  expect(profile.checkout.agentConfig).toBe('base');
  expect(profile.publish).toMatchObject({ authors: [], limits: { lfs: false } });
  expect(grantedSecrets(profile)).toEqual([]);
  expect(planSsh(profile, 'pinned')).toBeNull();
});

test('a run whose profile was saved before there was `retry` has one attempt', () => {
  const failure = { outcome: 'failed', blame: 'github', begun: false } as const;
  expect(retryWait(readStoredProfile(oldest()), { retries: 0 }, failure, 0)).toBeUndefined();
});
