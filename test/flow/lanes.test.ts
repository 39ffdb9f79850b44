import { expect, test } from 'vitest';
import { createKeyedQueue } from '../../src/flow/publishing/keyed-queue.ts';

/** Work that is done when it is told to be. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun = { yes: false };
  const work = async (): Promise<void> => {
    begun.yes = true;
    await promise;
  };
  return { work, begun, done: resolve };
}

const turn = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve));

test('a lane that is stuck holds up itself, and no other', async () => {
  const lanes = createKeyedQueue(2);
  const [stuck, behind, other, third] = [held(), held(), held(), held()];
  const all = [
    lanes.run('a', '1', stuck.work),
    lanes.run('a', '2', behind.work),
    lanes.run('b', '3', other.work),
    lanes.run('c', '4', third.work),
  ];
  await turn();
  expect([stuck, behind, other, third].map(({ begun }) => begun.yes)).toEqual([true, false, true, false]);
  other.done();
  await turn();
  expect(third.begun.yes).toBe(true);
  for (const each of [stuck, third, behind]) each.done();
  await Promise.all(all);
  await lanes.idle();
});

test('what waits or runs already is not done twice, and may be done again later', async () => {
  const lanes = createKeyedQueue(1);
  const first = held();
  const again = lanes.run('a', '1', first.work);
  expect(lanes.run('a', '1', async () => expect.unreachable())).toBe(again);
  first.done();
  await lanes.idle();
  await expect(
    lanes.run('a', '1', async () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  const later = held();
  later.done();
  await lanes.run('a', '1', later.work);
  expect(later.begun.yes).toBe(true);
});
