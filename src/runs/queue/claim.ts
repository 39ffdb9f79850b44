import { type Kysely, sql } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { isPostgres, lockFor } from '../../db/lock-for.ts';
import { databaseNow } from '../../db/now.ts';
import type { Db } from '../../db/open.ts';
import type { PreparingRun } from '../run.ts';
import { RUN_COLUMNS, runTables, toRun } from '../tables.ts';
import { appendTimeline } from '../timeline.ts';
import { type ConcurrencyLimits, pickRun } from './fair-order.ts';
import type { RunOwner } from './owner.ts';
import { giveHead, lockLanes, PUT_OFF, READY, settleLanes } from './repository-queues.ts';

/** Runs that were put off and are due, taken back into their lanes by one claim. */
const DUE_AT_ONCE = 100;

/** Whether a claim could find something: a run is ready, or was put off until now. */
export async function anyReady(kysely: Kysely<unknown>, now: number): Promise<boolean> {
  const ready = await runTables(kysely)
    .selectFrom('runs')
    .select('id')
    .where(READY)
    .limit(1)
    .executeTakeFirst();
  return ready !== undefined || (await dueRuns(kysely, now)).length > 0;
}

/** Moves the run whose turn it is to `preparing`, with its next attempt and a lease of `leaseMs` ms. Claims are made one after the other, so that what each counts stays true. */
export async function claimRun(parts: ClaimParts, owner: RunOwner): Promise<PreparingRun | undefined> {
  const { db, clock, ceilings } = parts;
  const now = clock.now();
  const due = await dueRuns(db.kysely, now);
  if (due.length === 0 && !(await anyReady(db.kysely, now))) return undefined;
  return await db.transaction(async (trx) => {
    await lockFor(trx, 'claims');
    await takeBack(trx, due);
    const picked = await pickRun(trx, ceilings);
    if (!picked) return undefined;
    await lockLanes(trx, [picked.repositoryId]);
    const found = await lookOnceMore(trx, picked.id);
    // It was called off in this very moment; the next claim finds another.
    if (!found) return undefined;
    const row = await take(trx, picked.id, parts, owner);
    // What stood behind the head of a lane leaves it its head.
    if (found.head === 1) await giveHead(trx, picked.repositoryId);
    if (!row) return undefined;
    const data = { state: 'preparing', attempt: row.attempt };
    await appendTimeline(trx, row.id, now, { kind: 'state', text: `Attempt ${row.attempt} begins.`, data });
    return toRun<'preparing'>(row);
  });
}

/** What claims work with. */
export type ClaimParts = { db: Db; clock: Clock; leaseMs: number; ceilings: ConcurrencyLimits };

/** The run if it is ready still; found by its id alone and judged here: with `READY` in the query, PostgreSQL may read the whole lane for it. */
async function lookOnceMore(trx: Kysely<unknown>, id: string): Promise<{ head: 0 | 1 } | undefined> {
  const row = await runTables(trx)
    .selectFrom('runs')
    .select(['head', 'state', 'held', 'notBefore', 'cancelReason'])
    .where('id', '=', id)
    .$if(isPostgres(trx), (query) => query.forUpdate().skipLocked())
    .executeTakeFirst();
  const isReady =
    row?.state === 'queued' && row.held === 0 && row.notBefore === 0 && row.cancelReason === null;
  return isReady ? row : undefined;
}

async function take(trx: Kysely<unknown>, id: string, parts: ClaimParts, owner: RunOwner) {
  const { db, clock, leaseMs } = parts;
  return await runTables(trx)
    .updateTable('runs')
    .set((set) => ({
      state: 'preparing' as const,
      head: 0,
      attempt: set('attempt', '+', 1),
      leaseOwner: owner.worker,
      leaseUntil: sql<number>`${databaseNow(db, clock)} + ${sql.lit(leaseMs)}`,
      worker: owner.worker,
      host: owner.host,
    }))
    .where('id', '=', id)
    .returning(RUN_COLUMNS)
    .executeTakeFirst();
}

type Due = { id: string; repositoryId: number };

/** Some of the runs that were put off until now. */
async function dueRuns(kysely: Kysely<unknown>, now: number): Promise<Due[]> {
  return await runTables(kysely)
    .selectFrom('runs')
    .select(['id', 'repositoryId'])
    .where(PUT_OFF)
    .where('notBefore', '<=', now)
    .limit(DUE_AT_ONCE)
    .execute();
}

/** They are in their lanes again. */
async function takeBack(trx: Kysely<unknown>, due: readonly Due[]): Promise<void> {
  const lanes = due.map((row) => row.repositoryId);
  await lockLanes(trx, lanes);
  for (const { id } of due)
    await runTables(trx)
      .updateTable('runs')
      .set({ notBefore: 0 })
      .where('id', '=', id)
      .where(PUT_OFF)
      .execute();
  await settleLanes(trx, lanes);
}
