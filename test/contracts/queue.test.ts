import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import type { ConcurrencyLimits } from '../../src/runs/queue/fair-order.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { openQueue } from '../support/databases/queue.ts';
import { size } from '../support/suite/size.ts';

eachDatabase((_kind, databases) => {
  const setup = async (ceilings: Partial<ConcurrencyLimits> = {}) => {
    const { db, place } = await databases.open();
    const limits = { perRepository: undefined, perActor: undefined, ...ceilings };
    return { db, place, limits, ...openQueue(db, limits) };
  };

  describe('order', () => {
    test('a repository with a thousand runs does not starve one with a single run', async () => {
      const { add, claim } = await setup();
      const first = await add({ repository: 1 });
      for (let more = 0; more < 30; more += 1) await add({ repository: 1 });
      const other = await add({ repository: 2 });
      expect([await claim(), await claim()]).toEqual([first, other]);
    });

    test('repositories with fewer living runs come first, the oldest run among equals', async () => {
      const { add, claim, end } = await setup();
      const a = [await add({ repository: 1 }), await add({ repository: 1 }), await add({ repository: 1 })];
      const b = [await add({ repository: 2 }), await add({ repository: 2 })];
      const c = await add({ repository: 3 });
      expect([await claim(), await claim(), await claim()]).toEqual([a[0], b[0], c]);
      expect([await claim(), await claim()]).toEqual([a[1], b[1]]);
      await end(a[0] as string);
      await end(a[1] as string);
      expect(await claim()).toBe(a[2]);
      expect(await claim()).toBeUndefined();
    });

    test('what is called off, put off or put back leaves the others their turn, and comes back to its own', async () => {
      const { add, claim, move, runs, time } = await setup();
      const ids = [await add(), await add(), await add()] as [string, string, string];
      await runs.requestCancel(ids[0], 'not wanted');
      expect(await claim()).toBe(ids[1]);
      await move(ids[1], 'queued', { notBefore: time.now + 1000.5, release: true });
      expect(await claim()).toBe(ids[2]);
      expect(await claim()).toBeUndefined();
      time.now += 1001;
      expect(await claim()).toBe(ids[1]);
      await move(ids[1], 'queued', { release: true });
      const late = await add();
      expect([await claim(), await claim()]).toEqual([ids[1], late]);
    });

    test('a lane that lost its head is found again once nothing else waits', async () => {
      const { db, add, claim } = await setup();
      const id = await add();
      await sql`UPDATE runs SET head = 0`.execute(db.kysely);
      expect(await claim()).toBeUndefined();
      expect(await claim()).toBe(id);
    });
  });

  describe('ceilings', () => {
    test('of a repository: one more only when one has ended, and others go on meanwhile', async () => {
      const { add, claim, end } = await setup({ perRepository: 2 });
      const ids = [await add(), await add(), await add()] as [string, string, string];
      const other = await add({ repository: 2 });
      expect([await claim(), await claim(), await claim(), await claim()]).toEqual([
        ids[0],
        other,
        ids[1],
        undefined,
      ]);
      await end(ids[0]);
      expect(await claim()).toBe(ids[2]);
    });

    test('of an actor: over all repositories, whatever stands before in the lane; unknown actors have none', async () => {
      const { add, claim, end } = await setup({ perActor: 1 });
      const first = await add({ actor: 'mallory' });
      const more = [await add({ actor: 'mallory' }), await add({ actor: 'mallory', repository: 2 })];
      const others = [await add({ actor: 'bob' }), await add({ actor: null }), await add({ actor: null })];
      expect(await claim()).toBe(first);
      const claimed = [await claim(), await claim(), await claim(), await claim()];
      expect(claimed).toEqual([...others, undefined]);
      await end(first);
      expect(more).toContain(await claim());
      expect(await claim()).toBeUndefined();
    });

    test('a run behind hundreds of an actor who has no room is found', async () => {
      const { db, add, claim } = await setup({ perActor: 1 });
      await add({ actor: 'mallory' });
      await claim();
      await add({ actor: 'mallory' });
      await sql`INSERT INTO runs (id, delivery_id, repository, repository_id, profile, profile_json, state, queued_at, actor)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        SELECT 'x' || i, 'x' || i, 'o/r1', 1, 'p', '{}', 'queued', 1800000000100 + i, 'mallory' FROM n`.execute(
        db.kysely,
      );
      const bob = await add({ actor: 'bob', at: 1000 });
      expect(await claim()).toBe(bob);
    });

    test('a run behind those of an actor who has no room is found in whichever repository it waits', async () => {
      const { db, add, claim } = await setup({ perActor: 1 });
      await add({ actor: 'mallory' });
      await claim();
      await sql`INSERT INTO runs (id, delivery_id, repository, repository_id, profile, profile_json, state, queued_at, actor, head)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        SELECT 'x' || i, 'x' || i, 'o/r', 1 + i, 'p', '{}', 'queued', 1800000000100 + i, 'mallory', 1 FROM n`.execute(
        db.kysely,
      );
      const bob = await add({ actor: 'bob', at: 1000, repository: 101 });
      expect(await claim()).toBe(bob);
      expect(await claim()).toBeUndefined();
    });

    test('the oldest run of many who wait behind an actor who has no room is found', async () => {
      const { db, add, claim } = await setup({ perActor: 1 });
      await add({ actor: 'mallory' });
      await claim();
      await add({ actor: 'mallory' });
      await sql`INSERT INTO runs (id, delivery_id, repository, repository_id, profile, profile_json, state, queued_at, actor)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        SELECT 'x' || i, 'x' || i, 'o/r1', 1, 'p', '{}', 'queued', 1800000000100 + i,
          CASE WHEN i < 250 THEN 'mallory' ELSE 'user' || (1000 - i) END FROM n`.execute(db.kysely);
      expect(await claim()).toBe('x250');
    });

    test('are kept when many workers claim at once', async () => {
      const rounds = size(3, 20);
      for (let round = 0; round < rounds; round += 1) {
        const { place, limits, add, runs } = await setup({ perRepository: 3, perActor: 4 });
        for (let each = 0; each < 10; each += 1)
          await add({ repository: 1 + (each % 2), actor: each % 3 === 0 ? 'bob' : 'alice' });
        const databases = await Promise.all(Array.from({ length: 4 }, async () => await openDatabase(place)));
        const workers = databases.map((db) => openQueue(db, limits));
        const claims = await Promise.all(
          workers.flatMap(({ queue }, worker) =>
            Array.from({ length: 4 }, async () => await queue.claim({ worker: `w${worker}`, host: 'h' })),
          ),
        );
        await Promise.all(databases.map(async (db) => await db.close()));
        const claimed = claims.flatMap((run) => (run ? [run] : []));
        expect(new Set(claimed.map(({ id }) => id)).size).toBe(claimed.length);
        for (const repository of [1, 2])
          expect(claimed.filter((run) => run.repositoryId === repository).length).toBe(3);
        expect((await runs.notEnded()).filter((run) => run.state === 'preparing').length).toBe(6);
        expect(claimed.filter((run) => run.actor === 'alice').length).toBeLessThanOrEqual(4);
      }
    });
  });
});
