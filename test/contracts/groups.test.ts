import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import type { RunGroup } from '../../src/runs/queue/groups.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { openQueue } from '../support/databases/queue.ts';
import { size } from '../support/suite/size.ts';

const group = (onBusy: RunGroup['onBusy'], key = 'o/r#7'): RunGroup => ({ key, onBusy });

eachDatabase((_kind, databases) => {
  const setup = async () => {
    const { db, place } = await databases.open();
    return { db, place, ...openQueue(db) };
  };
  type Queue = Awaited<ReturnType<typeof setup>>;

  /** The same queue as several processes have it open. */
  const elsewhere = async ({ place }: Queue, times: number) =>
    await Promise.all(
      Array.from({ length: times }, async () => {
        const db = await openDatabase(place);
        onTestFinished(() => db.close());
        return openQueue(db);
      }),
    );

  describe('queue', () => {
    test('gives one turn at a time, in order, whatever the repository; others do not wait', async () => {
      const { add, claim, end } = await setup();
      const [first, second] = [
        await add({ group: group('queue') }),
        await add({ group: group('queue'), repository: 2 }),
      ];
      const third = await add({ group: group('queue') });
      const other = await add({ group: group('queue', 'another') });
      expect([await claim(), await claim(), await claim()]).toEqual([first, other, undefined]);
      await end(first);
      expect([await claim(), await claim()]).toEqual([second, undefined]);
      await end(second);
      expect(await claim()).toBe(third);
    });

    test('a run that is put back keeps its turn, also while it is put off', async () => {
      const { add, claim, move, time } = await setup();
      const [first] = [await add({ group: group('queue') }), await add({ group: group('queue') })];
      await claim();
      await move(first, 'queued', { notBefore: time.now + 1000, release: true });
      expect(await claim()).toBeUndefined();
      time.now += 1000;
      expect(await claim()).toBe(first);
    });

    test('one that is called off while it waits does not hold up the next', async () => {
      const { add, claim, end, runs } = await setup();
      const ids = [await add({ group: group('queue') }), await add({ group: group('queue') })] as const;
      const third = await add({ group: group('queue') });
      await runs.requestCancel(ids[1], 'not wanted');
      await claim();
      await end(ids[0]);
      expect(await claim()).toBe(third);
      await end(ids[1]);
      expect(await claim()).toBeUndefined();
    });

    test('a run that is wanted again waits for its group like a new one', async () => {
      const { add, claim, end, move } = await setup();
      const first = await add({ group: group('queue') });
      await claim();
      await end(first);
      const second = await add({ group: group('queue') });
      await move(first, 'queued');
      expect([await claim(), await claim()]).toEqual([second, undefined]);
      await end(second);
      expect(await claim()).toBe(first);
    });

    test('of many that come and end at once, no two work at the same time and none is forgotten', async () => {
      const all = await setup();
      const queues = await elsewhere(all, 3);
      const each = size(5, 40);
      let working = 0;
      let done = 0;
      const work = async (queue: (typeof queues)[number]): Promise<void> => {
        const adding = Promise.all(Array.from({ length: each }, () => queue.add({ group: group('queue') })));
        while (done < each * queues.length) {
          const id = await queue.claim();
          if (id === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
          else {
            working += 1;
            expect(working).toBe(1);
            await queue.move(id, 'reporting', { outcome: 'succeeded' });
            working -= 1;
            await queue.move(id, 'ended', { release: true });
            done += 1;
          }
        }
        await adding;
      };
      await Promise.all(queues.map(work));
      expect(await all.queue.waiting()).toBe(0);
    });
  });

  describe('replace', () => {
    test('calls off what works and what waits, with the reason, and waits until it is over', async () => {
      const { add, claim, get, end, queue } = await setup();
      const old = [await add({ group: group('replace') }), await add({ group: group('queue') })] as const;
      expect(await claim()).toBe(old[0]);
      const next = await add({ group: group('replace') });
      for (const id of old) expect((await get(id)).cancelReason).toContain(`Run ${next} took its place`);
      expect(await queue.cancels('w')).toEqual(new Map([[old[0], expect.stringContaining('"o/r#7"')]]));
      expect(await claim()).toBeUndefined();
      for (const { id } of await queue.cancelledWaiting()) await end(id);
      expect(await claim()).toBeUndefined();
      await end(old[0]);
      expect(await claim()).toBe(next);
    });

    test('leaves a run alone that is already saying how it ended', async () => {
      const { add, claim, get, move } = await setup();
      const old = await add({ group: group('replace') });
      await claim();
      await move(old, 'reporting', { outcome: 'succeeded' });
      await add({ group: group('replace') });
      expect((await get(old)).cancelReason).toBeNull();
    });

    test('of many that come at once, the last one is left', async () => {
      const all = await setup();
      const queues = await elsewhere(all, 3);
      await Promise.all(
        queues.flatMap((queue) => Array.from({ length: 5 }, () => queue.add({ group: group('replace') }))),
      );
      for (;;) {
        const cancelled = await all.queue.cancelledWaiting();
        if (cancelled.length === 0) break;
        for (const { id } of cancelled) await all.end(id);
      }
      expect(await all.queue.waiting()).toBe(1);
      expect(await all.claim()).toBeDefined();
    });
  });

  describe('drop', () => {
    test('takes no run while another one has not ended, and names that', async () => {
      const { add, claim, end, runs } = await setup();
      const first = await add({ group: group('drop') });
      expect(await add({ group: group('drop') })).toBe(`busy with ${first}`);
      await claim();
      expect(await add({ group: group('drop') })).toBe(`busy with ${first}`);
      await end(first);
      expect(await add({ group: group('drop') })).toMatch(/^\w+$/);
      expect((await runs.list(10)).length).toBe(2);
    });

    test('of many that come at once, one is taken', async () => {
      const all = await setup();
      const queues = await elsewhere(all, 3);
      const answers = await Promise.all(
        queues.flatMap((queue) => Array.from({ length: 5 }, () => queue.add({ group: group('drop') }))),
      );
      expect(answers.filter((answer) => !answer.startsWith('busy')).length).toBe(1);
      expect((await all.runs.list(100)).length).toBe(1);
    });
  });
});
