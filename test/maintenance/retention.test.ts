import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { oldestFirst } from '../../src/maintenance/remove-old.ts';
import { type KeepRules, retain } from '../../src/maintenance/retention.ts';
import { createPublicationStore } from '../../src/runs/outbox/publication-store.ts';
import { createOutputStore } from '../../src/runs/store/output-store.ts';
import { createRunStore } from '../../src/runs/store/run-store.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { settableClock } from '../support/suite/fake-clock.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const DAY = 86_400_000;
const PLENTY = 1e15;
const KEEP: KeepRules = {
  bodies: { ms: 10 * DAY, bytes: PLENTY },
  logs: { ms: 10 * DAY, bytes: PLENTY },
  mirrors: { ms: 10 * DAY, bytes: PLENTY },
  workspaces: { bytes: PLENTY },
};

describe('what goes', () => {
  const kept = (id: string, at: number, bytes: number, inUse = false) => ({ id, at, bytes, inUse });
  const gone = (...args: Parameters<typeof oldestFirst>) => oldestFirst(...args).map(({ id }) => id);

  test('what is too old goes, then the oldest until the rest fits, and never what is in use', () => {
    const all = [kept('c', 3, 10), kept('a', 1, 10), kept('b', 2, 10, true), kept('d', 4, 10)];
    expect(gone(all, { before: 0, maxBytes: 40 })).toEqual([]);
    expect(gone(all, { before: 2, maxBytes: 40 })).toEqual(['a']);
    expect(gone(all, { before: 0, maxBytes: 20 })).toEqual(['a', 'c']);
    expect(gone(all, { before: 99, maxBytes: 0 })).toEqual(['a', 'c', 'd']);
  });
});

eachDatabase((_kind, databases) => {
  async function ground() {
    const { db } = await databases.open();
    const dir = await temporaryDirectory();
    const clock = settableClock();
    const deliveries = createDeliveryStore(db, clock);
    const runs = createRunStore(db, clock);
    const log = createLogger({ level: 'silent', redactor: createRedactor() });
    const outputs = createOutputStore(db);
    const places = { varDir: dir, workspaceRoot: join(dir, 'work') };
    const publications = createPublicationStore(db, clock);
    const parts = { ...places, deliveries, runs, outputs, publications, clock, log };
    let count = 0;
    /** A delivery with a run of its own, ended now unless it lives, with a log, a mirror and a workspace. */
    const add = async (options: { lives?: boolean; run?: boolean; kept?: boolean } = {}): Promise<string> => {
      count += 1;
      const number = String(count).padStart(4, '0');
      const [id, runId] = [`delivery-${number}`, `run00000000${number}0`];
      const text = JSON.stringify({ id, padding: 'x'.repeat(1000) });
      const common = { event: 'ping', headers: {}, action: null, repository: null, uniqueBody: true };
      await deliveries.store({ id, body: Buffer.from(text), ...common });
      const decision = { reason: 'r', message: 'm', profile: null };
      if (options.run === false) {
        await deliveries.decide(id, { ...decision, runId: null });
        return id;
      }
      const repository = 'octo/hello';
      const run = { id: runId, deliveryId: id, repository, repositoryId: count, profile: '.' };
      await db.transaction(
        async (trx) =>
          await runs.insert(
            { ...run, issueNumber: null, profileJson: '{}', queuedAt: clock.now() } as never,
            trx,
          ),
      );
      await deliveries.decide(id, { ...decision, runId });
      const found = await runs.find(runId);
      if (!found) throw new Error('no run');
      const end = {
        outcome: 'failed' as const,
        endedAt: clock.now(),
        ...(options.kept ? { workspaceKeptUntil: clock.now() + 100 * DAY } : {}),
      };
      if (!options.lives) await runs.advance(found, 'ended', end, 'ended');
      for (const place of [`log/runs/${runId}/1`, `mirrors/${count}.git`, `work/octo/hello/${runId}`])
        mkdirSync(join(dir, place), { recursive: true });
      writeFileSync(join(dir, `work/octo/hello/${runId}/file`), 'x'.repeat(100_000));
      const seconds = clock.now() / 1000;
      utimesSync(join(dir, `mirrors/${count}.git`), seconds, seconds);
      return id;
    };
    const there = (place: string): boolean => existsSync(join(dir, place));
    const round = async (keep: Partial<KeepRules> = {}) =>
      await retain({ ...parts, keep: { ...KEEP, ...keep } }, new AbortController().signal);
    return { ...parts, add, there, round, db };
  }

  test('what is old goes, what an active run uses stays, and what was removed is counted', async () => {
    const { add, clock, round, there, deliveries } = await ground();
    const ended = await add();
    const living = await add({ lives: true });
    const refused = await add({ run: false });
    clock.time += 11 * DAY;
    const fresh = await add();
    const removed = await round();
    expect([removed.bodies.count, removed.logs.count, removed.mirrors.count]).toEqual([2, 1, 1]);
    expect(removed.bodies.bytes).toBeGreaterThan(2000);
    for (const id of [ended, refused])
      await expect(deliveries.body(id)).rejects.toMatchObject({ code: 'delivery_body_gone' });
    for (const id of [living, fresh]) expect((await deliveries.body(id))?.length).toBeGreaterThan(1000);
    expect(['0001', '0002', '0004'].map((n) => there(`log/runs/run00000000${n}0`))).toEqual([
      false,
      true,
      true,
    ]);
    expect([1, 2, 4].map((n) => there(`mirrors/${n}.git`))).toEqual([false, true, true]);
    expect((await round()).bodies.count).toBe(0);
  });

  test('what a publication still needs stays until it is made', async () => {
    const { add, clock, round, there, publications, deliveries } = await ground();
    const delivery = await add();
    const run = { id: 'run0000000000010', attempt: 1, repositoryId: 1, host: 'here' };
    await publications.add(run, {} as never);
    clock.time += 11 * DAY;
    await round();
    expect([there('log/runs/run0000000000010'), there('mirrors/1.git')]).toEqual([true, true]);
    expect((await deliveries.body(delivery))?.length).toBeGreaterThan(1000);
    await publications.done({ runId: run.id, attempt: 1 }, null);
    await round();
    expect([there('log/runs/run0000000000010'), there('mirrors/1.git')]).toEqual([false, false]);
  });

  test('bodies beyond their size go, the oldest first, and the same bytes are still a duplicate', async () => {
    const { add, clock, round, deliveries } = await ground();
    const ids: string[] = [];
    for (let time = 0; time < 5; time += 1) {
      ids.push(await add({ run: false }));
      clock.time += 1000;
    }
    const bytes = (await deliveries.bodyBytes()) * 0.5;
    expect((await round({ bodies: { ms: 100 * DAY, bytes } })).bodies.count).toBe(3);
    await expect(deliveries.body(ids[2] ?? '')).rejects.toMatchObject({ code: 'delivery_body_gone' });
    expect(await deliveries.body(ids[3] ?? '')).toBeDefined();
    const again = Buffer.from(JSON.stringify({ id: ids[0], padding: 'x'.repeat(1000) }));
    const common = { event: 'ping', headers: {}, action: null, repository: null, uniqueBody: true };
    expect(await deliveries.store({ id: 'another-id', body: again, ...common })).toEqual({
      duplicateOf: ids[0],
    });
  });

  test('a delivery that was not decided keeps its body, however old', async () => {
    const { deliveries, clock, round } = await ground();
    const common = { event: 'ping', headers: {}, action: null, repository: null, uniqueBody: true };
    await deliveries.store({ id: 'waiting', body: Buffer.from('{"a":1}'), ...common });
    clock.time += 1000 * DAY;
    expect((await round({ bodies: { ms: 1, bytes: 0 } })).bodies.count).toBe(0);
    expect(await deliveries.body('waiting')).toBeDefined();
  });

  test('kept workspaces beyond their size go, the oldest first', async () => {
    const { add, clock, round, there, runs } = await ground();
    await add({ kept: true });
    clock.time += 1000;
    await add({ kept: true });
    await add({ lives: true });
    expect((await round({ workspaces: { bytes: 150_000 } })).workspaces.count).toBe(1);
    const found = ['0001', '0002', '0003'].map((n) => there(`work/octo/hello/run00000000${n}0`));
    expect(found).toEqual([false, true, true]);
    expect((await runs.keptWorkspaces()).length).toBe(1);
  });

  test('output in the database goes with its run', async () => {
    const { add, clock, round, outputs } = await ground();
    await add();
    const of = { runId: 'run0000000000010', attempt: 1 };
    await outputs.add(of, { startAt: 0, endAt: 10, text: 'x' });
    await round();
    expect(await outputs.storedTo(of)).toBe(10);
    clock.time += 11 * DAY;
    await round();
    expect(await outputs.storedTo(of)).toBe(0);
  });
});
