import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { timeId } from '../../src/base/ids.ts';
import type { Db } from '../../src/db/open.ts';
import { createLeases, type Leases } from '../../src/runs/queue/leases.ts';
import { createRunQueue, type RunOwner, type RunQueue } from '../../src/runs/queue/queue.ts';
import type { Run, RunState } from '../../src/runs/run.ts';
import { MOVES } from '../../src/runs/states.ts';
import { createRunStore, type RunStore } from '../../src/runs/store/run-store.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { resultOf, START } from '../support/databases/queue.ts';

const owner = (worker: string): RunOwner => ({ worker, host: 'here' });

eachDatabase((kind, databases) => {
  let db: Db;
  let now: number;
  let runs: RunStore;
  let queue: RunQueue;
  let leases: Leases;

  beforeEach(async () => {
    ({ db } = await databases.open());
    now = 1_800_000_000_000;
    const clock = { ...systemClock, now: () => now };
    runs = createRunStore(db, clock);
    queue = createRunQueue(db, clock, 60_000);
    leases = createLeases(db, clock, 60_000);
  });

  async function add(deliveryId: string, queuedAt = now): Promise<string> {
    const id = timeId(queuedAt);
    const run = {
      id,
      deliveryId,
      repository: 'o/r',
      repositoryId: 1,
      issueNumber: 7,
      profile: 'p',
      profileJson: '{}',
      queuedAt,
      actor: 'alice',
      group: null,
    };
    await db.transaction(async (trx) => await runs.insert(run, trx));
    return id;
  }

  async function get(id: string): Promise<Run> {
    const run = await runs.find(id);
    if (!run) throw new Error(`no run ${id}`);
    return run;
  }

  describe('the queue', () => {
    test('the queue gives the oldest run first, and each run to one worker alone', async () => {
      const second = await add('b', now + 1);
      const first = await add('a', now);
      const claims = await Promise.all([
        queue.claim(owner('w1')),
        queue.claim(owner('w2')),
        queue.claim(owner('w3')),
      ]);
      // Which of them comes first is the server's choice.
      const claimed = claims.filter((run) => run !== undefined);
      expect(claimed.map((run) => run.id).sort()).toEqual([first, second]);
      expect(new Set(claimed.map((run) => run.leaseOwner)).size).toBe(2);
      expect(claimed[0]).toMatchObject({ state: 'preparing', attempt: 1, host: 'here' });
      expect(await queue.claim(owner('w4'))).toBeUndefined();
    });

    test('the queue has one run a delivery at the most', async () => {
      await add('a');
      await expect(add('a')).rejects.toThrow();
      expect(await runs.list(10)).toHaveLength(1);
    });

    test('the queue does not give a cancelled run, and has its reason; the first reason stays', async () => {
      const id = await add('a');
      expect(await runs.requestCancel(id, 'first')).toBe(true);
      expect(await runs.requestCancel(id, 'second')).toBe(true);
      expect(await queue.claim(owner('w'))).toBeUndefined();
      expect((await queue.cancelledWaiting()).map((run) => run.cancelReason)).toEqual(['first']);
    });

    test('a renewal extends the leases of its owner and no others', async () => {
      const id = await add('a');
      await queue.claim(owner('w1'));
      now += 30_000;
      expect(await leases.renew('w1')).toEqual(new Set([id]));
      expect(await leases.renew('w2')).toEqual(new Set());
      // Leases end by the database's clock: with SQLite this process's, which the test moves on.
      const from = kind === 'sqlite' ? now : Date.now() - 10_000;
      expect((await get(id)).leaseUntil).toBeGreaterThanOrEqual(from + 60_000);
    });

    test('active runs belong to the worker that resumes them, and the one before cannot change them', async () => {
      const id = await add('a');
      const mine = await queue.claim(owner('old'));
      const taken = await leases.resume(owner('new'));
      expect(taken.map((run) => run.id)).toEqual([id]);
      expect(await runs.advance(mine as Run, 'running', START, 'too late')).toBeUndefined();
      expect(await runs.advance(taken[0] as Run, 'running', START, 'taken up')).toMatchObject({
        state: 'running',
        containerId: 'c',
      });
      expect(await get(id)).toMatchObject({ state: 'running', containerId: 'c', leaseOwner: 'new' });
    });

    test('neither queued nor ended runs are resumed', async () => {
      await add('a');
      expect(await leases.resume(owner('new'))).toEqual([]);
      expect(await queue.waiting()).toBe(1);
    });

    test('the queue waits until a requeued run may start again', async () => {
      await add('a');
      const run = await queue.claim(owner('w'));
      await runs.advance(run as Run, 'queued', { notBefore: now + 5000, release: true }, 'put back');
      expect(await queue.claim(owner('w'))).toBeUndefined();
      now += 5000;
      expect(await queue.claim(owner('w'))).toMatchObject({ attempt: 2 });
    });
  });

  describe('a run', () => {
    const states = Object.keys(MOVES) as RunState[];

    test('a run makes only the moves of the table', async () => {
      const run = await get(await add('a'));
      for (const from of states)
        for (const to of states.filter((state) => !MOVES[from].includes(state)))
          await expect(runs.advance({ ...run, state: from } as Run, to, {}, '')).rejects.toMatchObject({
            code: 'run_move_refused',
          });
    });

    test('a run has every move in its timeline, in order', async () => {
      const id = await add('a');
      const run = (await queue.claim(owner('w'))) as Run;
      await runs.note(id, { kind: 'agent.end', text: 'a note' });
      await runs.advance(
        run,
        'reporting',
        resultOf('failed', { reason: { code: 'c', message: 'm', hint: 'n' } }),
        'over',
      );
      await runs.advance(await get(id), 'ended', { endedAt: now, release: true }, 'ended');
      expect((await runs.timeline(id)).map(({ seq, data, kind }) => [seq, kind, data.state])).toEqual([
        [1, 'state', 'queued'],
        [2, 'state', 'preparing'],
        [3, 'agent.end', undefined],
        [4, 'state', 'reporting'],
        [5, 'state', 'ended'],
      ]);
      expect((await runs.timeline(id, 3)).map(({ seq }) => seq)).toEqual([4, 5]);
      expect(await get(id)).toMatchObject({
        state: 'ended',
        outcome: 'failed',
        reason: { code: 'c' },
        leaseOwner: null,
      });
      expect(await runs.requestCancel(id, 'too late')).toBe(false);
    });

    test('a run owns its workspace until it ends, and as long as the workspace is kept', async () => {
      const id = await add('a');
      expect(await runs.workspaceOwners([id])).toEqual(new Map([[id, 0]]));
      expect(await runs.claimed()).toEqual([]);
      const run = (await queue.claim(owner('w'))) as Run;
      const waiting = await add('b');
      expect((await runs.claimed()).map((claimed) => claimed.id)).toEqual([id]);
      expect(await runs.workspaceOwners([waiting, 'unknown'])).toEqual(new Map([[waiting, 0]]));
      await runs.advance(run, 'reporting', { ...resultOf('failed'), workspaceKeptUntil: now + 1000 }, 'over');
      await runs.advance(await get(id), 'ended', { endedAt: now }, 'ended');
      expect(await runs.workspaceOwners([id])).toEqual(new Map([[id, 1]]));
      expect(await runs.workspacesToDrop(now)).toEqual([]);
      expect((await runs.workspacesToDrop(now + 1000)).map((dropped) => dropped.id)).toEqual([id]);
      await runs.workspaceDropped(id);
      expect(await runs.workspaceOwners([id])).toEqual(new Map());
    });
  });
});
