import { type Kysely, sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { lockFor } from '../db/lock-for.ts';
import { databaseNow } from '../db/now.ts';
import type { Db } from '../db/open.ts';
import { lockLanes, PUT_OFF, READY, settleLane, settleLanes } from './lanes.ts';
import { type Ceilings, pickRun } from './pick.ts';
import type { RunOwner } from './queue.ts';
import type { Run } from './run.ts';
import { RUN_COLUMNS, runTables, toRun } from './tables.ts';
import { appendTimeline } from './timeline.ts';

/** Runs that were put off and are due, taken back into their lanes by one claim. */
const DUE_AT_ONCE = 100;

/** Whether a claim could find something: a run is ready, or was put off until now. */
export async function anyReady(kysely: Kysely<unknown>, now: number): Promise<boolean> {
  const runs = runTables(kysely).selectFrom('runs').select('id').limit(1);
  if (await runs.where(READY).executeTakeFirst()) return true;
  return (await runs.where(PUT_OFF).where('not_before', '<=', now).executeTakeFirst()) !== undefined;
}

/** Moves the run whose turn it is to `preparing`, with its next attempt and a lease of `leaseMs` ms. Claims are made one after the other, so that what each counts stays true. */
export async function claimRun(
  parts: { db: Db; clock: Clock; leaseMs: number; ceilings: Ceilings },
  owner: RunOwner,
): Promise<Run | undefined> {
  const { db, clock, leaseMs, ceilings } = parts;
  const now = clock.now();
  if (!(await anyReady(db.kysely, now))) return undefined;
  return await db.transaction(async (trx) => {
    await lockFor(trx, 'claims');
    await takeBackDue(trx, now);
    const picked = await pickRun(trx, ceilings);
    if (!picked) return undefined;
    await lockLanes(trx, [picked.repository_id]);
    const row = await runTables(trx)
      .updateTable('runs')
      .set((set) => ({
        state: 'preparing' as const,
        head: 0,
        attempt: set('attempt', '+', 1),
        lease_owner: owner.worker,
        lease_until: sql<number>`${databaseNow(db, clock)} + ${sql.lit(leaseMs)}`,
        worker: owner.worker,
        host: owner.host,
      }))
      .where('id', '=', picked.id)
      .where(READY)
      .returning(RUN_COLUMNS)
      .executeTakeFirst();
    // Called off in this very moment; what was picked by is settled with it, so that the next claim finds another.
    if (!row) return undefined;
    await settleLane(trx, row.repository_id);
    const data = { state: 'preparing', attempt: row.attempt };
    await appendTimeline(trx, row.id, now, { kind: 'state', text: `Attempt ${row.attempt} begins.`, data });
    return toRun(row);
  });
}

async function takeBackDue(trx: Kysely<unknown>, now: number): Promise<void> {
  const tables = runTables(trx);
  const due = await tables
    .selectFrom('runs')
    .select(['id', 'repository_id'])
    .where(PUT_OFF)
    .where('not_before', '<=', now)
    .limit(DUE_AT_ONCE)
    .execute();
  const lanes = due.map((row) => row.repository_id);
  await lockLanes(trx, lanes);
  for (const { id } of due)
    await tables.updateTable('runs').set({ not_before: 0 }).where('id', '=', id).where(PUT_OFF).execute();
  await settleLanes(trx, lanes);
}
