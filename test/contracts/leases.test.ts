import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { eachLimit, RUN_LIMITS } from '../../src/base/run-limits.ts';
import { outputFile } from '../../src/containers/output/log-file.ts';
import type { Db } from '../../src/db/open.ts';
import { readOutputFrom } from '../../src/flow/output/read-output.ts';
import { createOutputShipper } from '../../src/flow/output/ship-output.ts';
import { runLogDirectory } from '../../src/flow/paths.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { createLeases, SET_ASIDE_FROM, SUSPICION } from '../../src/runs/queue/leases.ts';
import type { RunOwner } from '../../src/runs/queue/queue.ts';
import { createWorkerStore } from '../../src/runs/queue/worker-store.ts';
import type { PreparingRun, Run } from '../../src/runs/run.ts';
import { createOutputStore } from '../../src/runs/store/output-store.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { openQueue, START } from '../support/databases/queue.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const LEASE_MS = 60_000;

/** With its grace, a run with these may live as long as a lease. */
const LIMITS = eachLimit(RUN_LIMITS, ({ name }) => (name === 'timeoutSec' ? 50 : 10));

const own = (worker: string, host = 'here'): RunOwner => ({ worker, host });

eachDatabase((kind, databases) => {
  async function open() {
    const { db } = await databases.open();
    const lab = openQueue(db);
    const leases = createLeases(db, systemClock, LEASE_MS);
    const claimed = async (owner: RunOwner): Promise<PreparingRun> => {
      await lab.add();
      const run = await lab.queue.claim(owner);
      if (!run) throw new Error('nothing to claim');
      return run;
    };
    return { db, leases, claimed, ...lab };
  }
  /** As if a lease, or the time after which a run is lost, had been a minute ago. */
  async function letPass(db: Db, id: string, column: 'lease_until' | 'lost_after'): Promise<void> {
    await sql`UPDATE runs SET ${sql.ref(column)} = ${Date.now() - LEASE_MS} WHERE id = ${id}`.execute(
      db.kysely,
    );
  }

  test('a lease is renewed by its holder alone', async () => {
    const { leases, claimed, get } = await open();
    const { id } = await claimed(own('a'));
    expect(await leases.renew('b')).toEqual(new Set());
    expect(await leases.renew('a')).toEqual(new Set([id]));
    expect(Math.abs(((await get(id)).leaseUntil ?? 0) - Date.now() - LEASE_MS)).toBeLessThan(10_000);
  });

  test('at its start a worker resumes the active runs of its host, and neither queued runs nor those that another host may have started; the worker before cannot change them', async () => {
    const { leases, runs, claimed, add, get } = await open();
    const mine = await claimed(own('before'));
    const theirs = await claimed(own('other', 'there'));
    expect(await leases.launching(theirs, LIMITS)).toBe(true);
    await add();
    const taken = await leases.resume(own('now'));
    expect(taken.map(({ id }) => id)).toEqual([mine.id]);
    expect(await runs.advance(mine, 'running', START, 'too late')).toBeUndefined();
    expect(await runs.advance(taken[0] as Run, 'running', START, 'taken up')).toBeDefined();
    expect(await get(mine.id)).toMatchObject({ state: 'running', containerId: 'c', leaseOwner: 'now' });
  });

  test('the suspicion of a run adds up over ends of its worker, and is gone with a step, an orderly stop, and a retry', async () => {
    const { leases, runs, claimed, get } = await open();
    const { id } = await claimed(own('a'));
    await leases.resume(own('b'), SUSPICION.brokenOff);
    const [run] = await leases.resume(own('c'));
    expect(run?.suspicion).toBe(SUSPICION.brokenOff + SUSPICION.ended);
    await leases.clear('a');
    expect((await get(id)).suspicion).toBe(5);
    await leases.clear('c');
    expect((await get(id)).suspicion).toBe(0);
    const [again] = await leases.resume(own('d'));
    await runs.advance(again as Run, 'running', START, 'it runs');
    expect((await get(id)).suspicion).toBe(0);
  });

  test('a run that ended too many workers is not requeued any more: a worker gets it to set it aside', async () => {
    const { db, leases, claimed, get } = await open();
    const run = await claimed(own('gone', 'there'));
    await sql`UPDATE runs SET suspicion = ${SET_ASIDE_FROM - 1} WHERE id = ${run.id}`.execute(db.kysely);
    await letPass(db, run.id, 'lease_until');
    const { back, lost } = await leases.lapsed(own('me'));
    expect({ back, lost: lost.map(({ id }) => id) }).toEqual({ back: [], lost: [run.id] });
    expect(await get(run.id)).toMatchObject({ leaseOwner: 'me', suspicion: SET_ASIDE_FROM });
  });

  test('nobody else takes a run before its lease expires; after that, a run that had not begun is requeued', async () => {
    const { db, leases, claimed, get } = await open();
    const run = await claimed(own('gone', 'there'));
    const nothing = { back: [], mine: [], lost: [] };
    expect(await leases.lapsed(own('me'))).toEqual(nothing);
    await letPass(db, run.id, 'lease_until');
    expect(await leases.lapsed(own('me'))).toEqual({ ...nothing, back: [run.id] });
    expect(await get(run.id)).toMatchObject({ state: 'queued', host: null, worker: null, leaseOwner: null });
    expect(await leases.launching(run, LIMITS)).toBe(false);
  });

  test('a run that may have begun waits for its host, and is anybody’s once it is lost', async () => {
    const { db, leases, claimed, get } = await open();
    const run = await claimed(own('gone', 'there'));
    expect(await leases.launching(run, LIMITS)).toBe(true);
    await letPass(db, run.id, 'lease_until');
    const nothing = { back: [], mine: [], lost: [] };
    expect(await leases.lapsed(own('me'))).toEqual(nothing);
    expect(await get(run.id)).toMatchObject({ state: 'preparing', host: 'there' });
    expect((await leases.lapsed(own('again', 'there'))).mine.map(({ id }) => id)).toEqual([run.id]);
    await letPass(db, run.id, 'lease_until');
    await letPass(db, run.id, 'lost_after');
    const both = await Promise.all(['a', 'b'].map(async (name) => await leases.lapsed(own(name))));
    expect(both.flatMap(({ lost }) => lost).map(({ id }) => id)).toEqual([run.id]);
  });

  test('a run keeps the limits that it was launched with until it waits again', async () => {
    const { leases, runs, claimed, get } = await open();
    const run = await claimed(own('a'));
    expect(run.limits).toBeNull();
    await leases.launching(run, LIMITS);
    const running = await runs.advance(run, 'running', START, 'it runs');
    expect(running?.limits).toEqual(LIMITS);
    expect((await get(run.id)).limits).toEqual(LIMITS);
    await runs.advance(await get(run.id), 'queued', { release: true }, 'put back');
    expect((await get(run.id)).limits).toBeNull();
  });

  test('a worker whose lease has lapsed may not launch where another could have taken the run', async () => {
    const { db, leases, claimed } = await open();
    const run = await claimed(own('slow'));
    await letPass(db, run.id, 'lease_until');
    expect(await leases.launching(run, LIMITS)).toBe(kind === 'sqlite');
  });

  test('workers are listed while they send heartbeats, with the number of their runs; a new start replaces the last', async () => {
    const { db, claimed } = await open();
    const workers = createWorkerStore(db, systemClock, LEASE_MS);
    const notice = { id: 'w1', host: 'here', name: 'box', version: '1', capacity: 2 };
    await workers.announce(notice);
    await claimed(own('w1'));
    expect(await workers.list()).toMatchObject([{ ...notice, state: 'working', runs: 1 }]);
    expect(await workers.drain('w1', true)).toBe(true);
    expect(await workers.drain('nobody', true)).toBe(false);
    await workers.heartbeat(notice, 'working');
    expect(await workers.isDraining('w1')).toBe(true);
    expect(await workers.list()).toMatchObject([{ state: 'draining' }]);
    await sql`UPDATE workers SET heartbeat_at = heartbeat_at - ${2 * LEASE_MS}`.execute(db.kysely);
    expect(await workers.list()).toMatchObject([{ state: 'gone' }]);
    await workers.announce({ ...notice, id: 'w2' });
    expect(await workers.list()).toMatchObject([{ id: 'w2', state: 'working', runs: 0 }]);
    await workers.leave('w2');
    expect(await workers.list()).toEqual([]);
  });

  test('output is read alike from its file and from the database, from any offset, whatever is added meanwhile', async () => {
    const { db, add } = await open();
    const output = createOutputStore(db);
    const of = { runId: await add(), attempt: 1 };
    const [here, elsewhere] = [await temporaryDirectory(), await temporaryDirectory()];
    const dir = runLogDirectory(here, { id: of.runId, attempt: 1 });
    mkdirSync(dir, { recursive: true });
    const shipper = createOutputShipper({
      store: output,
      clock: systemClock,
      log: createLogger({ level: 'silent', redactor: createRedactor() }),
    });
    const read = async (varDir: string, from: number): Promise<string> => {
      let text = '';
      for await (const piece of readOutputFrom({ varDir, output }, of, from)) text += piece.text;
      return text;
    };
    const line = (text: string): string => `${JSON.stringify({ at: 'now', stream: 'stdout', text })}\n`;
    const long = line('ü'.repeat(300_000));
    for (const text of [line('first'), `${long}${line('\u0000')}{"torn`, ` ${line('end').slice(1)}`]) {
      appendFileSync(outputFile(dir), text);
      await shipper.ship(of, dir, false);
      await shipper.ship(of, dir, false);
    }
    const whole = await read(here, 0);
    expect(await read(elsewhere, 0)).toBe(whole);
    expect(await read(elsewhere, line('first').length)).toBe(await read(here, line('first').length));
    expect(await read(elsewhere, 10)).toBe(whole.slice(10));
    expect(dirname(outputFile(dir))).toBe(join(here, 'log/runs', of.runId, '1'));
    appendFileSync(outputFile(dir), '{"at":"now","stream":"service","text":"full","cut":{"lines":1}}\n');
    await shipper.ship(of, dir, false);
    expect(await read(elsewhere, 0)).toBe(whole);
    await shipper.ship(of, dir, true);
    expect(await read(elsewhere, 0)).toBe(await read(here, 0));
  });
});
