import { expect, test } from 'vitest';
import { createKeyedQueue } from '../../src/flow/publishing/keyed-queue.ts';

/** Work that ends when the test calls done. */
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

test('a key whose work is stuck holds up itself, and no other key', async () => {
  const queue = createKeyedQueue(2);
  const [stuck, behind, other, third] = [held(), held(), held(), held()];
  const all = [
    queue.run('a', '1', stuck.work),
    queue.run('a', '2', behind.work),
    queue.run('b', '3', other.work),
    queue.run('c', '4', third.work),
  ];
  await turn();
  expect([stuck, behind, other, third].map(({ begun }) => begun.yes)).toEqual([true, false, true, false]);
  other.done();
  await turn();
  expect(third.begun.yes).toBe(true);
  for (const each of [stuck, third, behind]) each.done();
  await Promise.all(all);
  await queue.idle();
});

test('what waits or runs already is not done twice, and may be done again later', async () => {
  const queue = createKeyedQueue(1);
  const first = held();
  const again = queue.run('a', '1', first.work);
  expect(queue.run('a', '1', async () => expect.unreachable())).toBe(again);
  first.done();
  await queue.idle();
  await expect(
    queue.run('a', '1', async () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  const later = held();
  later.done();
  await queue.run('a', '1', later.work);
  expect(later.begun.yes).toBe(true);
});
