import { expect, test } from 'vitest';
import { deliveryBodyGone } from '../../src/deliveries/errors.ts';
import { type Failure, retryWait } from '../../src/flow/actions/retry-policy.ts';
import { retryRun } from '../../src/flow/actions/run-actions.ts';
import type { Profile, RetryRule } from '../../src/profiles/profile.ts';
import type { Run } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/store/run-store.ts';

const RULE: RetryRule = { attempts: 3, backoffSec: 10, on: 'before-start' };

function wait(rule: Partial<RetryRule>, failure: Partial<Failure>, retries = 0, random = 0.5) {
  const profile = { retry: { ...RULE, ...rule } } as Profile;
  const whole: Failure = { outcome: 'failed', blame: 'github', begun: false, ...failure };
  return retryWait(profile, { retries }, whole, random);
}

test.each(['service', 'docker', 'github'] as const)('an error of %s before the start is retried', (blame) => {
  expect(wait({}, { blame })).toBe(10_000);
});

test.each(['profile', 'operator', 'sender', 'agent', undefined] as const)(
  'an error of %s is not, however the profile wants it',
  (blame) => {
    for (const on of ['before-start', 'fault', 'failure'] as const)
      expect(wait({ on }, { blame, outcome: 'refused' })).toBeUndefined();
  },
);

test.each([
  ['before-start', []],
  ['fault', ['lost']],
  ['failure', ['failed', 'timed_out', 'stalled', 'lost']],
] as const)('with “%s” a begun run is retried after %j alone', (on, outcomes) => {
  const all = ['succeeded', 'failed', 'timed_out', 'stalled', 'cancelled', 'refused', 'lost'] as const;
  const tried = all.filter(
    (outcome) => wait({ on }, { outcome, begun: true, blame: undefined }) !== undefined,
  );
  expect(tried).toEqual(outcomes);
});

test('attempts are counted in all, and waits double up to an hour, each a random half more or less', () => {
  expect([0, 1, 2].map((retries) => wait({}, {}, retries))).toEqual([10_000, 20_000, undefined]);
  expect(wait({ attempts: 1 }, {})).toBeUndefined();
  expect(wait({ attempts: 20, backoffSec: 3600 }, {}, 18)).toBe(3_600_000);
  expect([0, 1].map((random) => wait({}, {}, 0, random))).toEqual([5_000, 15_000]);
});

test.each([
  ['lives', { state: 'running' }, Buffer.from('{}')],
  ['is unknown', undefined, Buffer.from('{}')],
])('a run that %s is not requeued', async (_name, run, body) => {
  const runs = { find: async () => run as Run | undefined } as unknown as RunStore;
  expect(await retryRun({ runs, deliveries: { body: async () => body } }, 'r', 'why')).toMatchObject({
    status: 'not_ended',
  });
});

test('a run whose delivery has lost its body cannot be retried, and the error says why', async () => {
  const runs = {
    find: async () => ({ id: 'r', deliveryId: 'd', state: 'ended' }) as Run,
  } as unknown as RunStore;
  const body = async (): Promise<Buffer> => {
    throw deliveryBodyGone('d', 0);
  };
  const retried = retryRun({ runs, deliveries: { body } }, 'r', 'why');
  await expect(retried).rejects.toMatchObject({ code: 'delivery_body_gone' });
});
