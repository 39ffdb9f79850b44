import { expect, test } from 'vitest';
import { createPoller } from '../../src/base/poller.ts';
import { movedClock } from '../support/suite/fake-clock.ts';

/** A poller whose looks each wait until `finish` is called, which fails the look where it is given an error. */
function startPoller() {
  const clock = movedClock();
  const looks: PromiseWithResolvers<void>[] = [];
  const errors: unknown[] = [];
  const poller = createPoller({
    clock,
    everyMs: 1_000,
    look() {
      const look = Promise.withResolvers<void>();
      looks.push(look);
      return look.promise;
    },
    onError: (error) => void errors.push(error),
  });
  poller.start();
  const finish = async (error?: Error): Promise<void> => {
    if (error) looks.at(-1)?.reject(error);
    else looks.at(-1)?.resolve();
    await clock.advance(0);
  };
  return { clock, poller, looks, errors, finish };
}

test('a poller looks at the start and at each tick, and a tick during a look is not made up for', async () => {
  const { clock, looks, finish } = startPoller();
  expect(looks).toHaveLength(1);
  await clock.advance(5_000);
  await finish();
  expect(looks).toHaveLength(1);
  await clock.advance(1_000);
  expect(looks).toHaveLength(2);
});

test('a wake during a look has the poller look once more, also when that look failed', async () => {
  const { poller, looks, errors, finish } = startPoller();
  poller.wake();
  poller.wake();
  await finish(new Error('the database is away'));
  expect([looks.length, errors]).toEqual([2, [new Error('the database is away')]]);
  await finish();
  expect(looks).toHaveLength(2);
});

test('a poller that is woken in every look settles with the look under way, and stops', async () => {
  const { poller, looks, finish } = startPoller();
  const settled = poller.settled();
  poller.wake();
  await finish();
  await settled;
  expect(looks).toHaveLength(2);
  poller.wake();
  const stopped = poller.stop();
  await finish();
  await stopped;
  expect(looks).toHaveLength(2);
});
