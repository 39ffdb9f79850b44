import { type Kysely, sql } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { databaseNow, isPostgres, lockFor } from '../../db/database.ts';
import type { Db } from '../../db/open.ts';
import type { CancelledRun, PreparingRun } from '../run.ts';
import { RUN_COLUMNS, runTables, toRun } from '../tables.ts';
import { appendTimeline } from '../timeline.ts';
import { type ConcurrencyLimits, pickRun } from './fair-order.ts';
import {
  CANCELLED,
  DELAYED,
  giveHead,
  lockQueues,
  QUEUED,
  READY,
  settleQueues,
} from './repository-queues.ts';

/** Who works on a run: the process, and the host and engine that it works with. */
export type RunOwner = { worker: string; host: string };

/** How many cancelled runs are given at a time. */
const CANCELLED_AT_ONCE = 100;

/**
 * The queue is the rows in state `queued`.
 *
 * `claim` as often as there is room; the claim is a lease (leases.ts), which is renewed while the run is worked on,
 * and the store's `advance` makes every move.
 */
export type RunQueue = {
  /**
   * The run whose turn it is, moved to `preparing` with its next attempt, or undefined. Of the repositories with room
   * those with the fewest active runs come first, among them the oldest run; no two claims together exceed a ceiling.
   */
  claim(owner: RunOwner): Promise<PreparingRun | undefined>;
  /** The reasons of requested cancels, by run id, for the active runs of `owner`. */
  cancels(owner: string): Promise<Map<string, string>>;
  /** Some of the queued runs that were cancelled before anybody claimed them. */
  cancelledWaiting(): Promise<CancelledRun[]>;
  /** Whether a run is ready, though a ceiling may keep it; cheap however many wait. */
  anyReady(): Promise<boolean>;
  /** How many wait, for any reason. */
  waiting(): Promise<number>;
};

/** Neither repositories nor actors are limited. */
export const NO_CEILINGS: ConcurrencyLimits = { perRepository: undefined, perActor: undefined };

/** The queue over an open database; leases last `leaseMs` milliseconds. */
export function createRunQueue(
  db: Db,
  clock: Clock,
  leaseMs: number,
  ceilings: ConcurrencyLimits = NO_CEILINGS,
): RunQueue {
  const tables = runTables(db.kysely);
  return {
    claim: async (owner) => await claimRun({ db, clock, leaseMs, ceilings }, owner),
    async cancels(owner) {
      const rows = await tables
        .selectFrom('runs')
        .select(['id', 'cancelReason'])
        .where('leaseOwner', '=', owner)
        .where('state', '<>', 'ended')
        .where('cancelReason', 'is not', null)
        .$narrowType<{ cancelReason: string }>()
        .execute();
      return new Map(rows.map((row) => [row.id, row.cancelReason]));
    },
    async cancelledWaiting() {
      const rows = await tables
        .selectFrom('runs')
        .select(RUN_COLUMNS)
        .where(CANCELLED)
        .limit(CANCELLED_AT_ONCE)
        .execute();
      return rows.map((row) => toRun<'queued'>(row)) as CancelledRun[];
    },
    anyReady: async () => await anyReady(db.kysely, clock.now()),
    async waiting() {
      const row = await tables
        .selectFrom('runs')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where(QUEUED)
        .executeTakeFirstOrThrow();
      return row.count;
    },
  };
}

/** Runs that were delayed and are due, taken back into their queues by one claim. */
const DUE_AT_ONCE = 100;

/** Whether a claim could find something: a run is ready, or was delayed until now. */
async function anyReady(kysely: Kysely<unknown>, now: number): Promise<boolean> {
  const ready = await runTables(kysely)
    .selectFrom('runs')
    .select('id')
    .where(READY)
    .limit(1)
    .executeTakeFirst();
  return ready !== undefined || (await dueRuns(kysely, now)).length > 0;
}

/** Moves the run whose turn it is to `preparing`, with its next attempt and a lease of `leaseMs` ms. Claims are made one after the other, so that what each counts stays true. */
async function claimRun(parts: ClaimParts, owner: RunOwner): Promise<PreparingRun | undefined> {
  const { db, clock, ceilings } = parts;
  const now = clock.now();
  const due = await dueRuns(db.kysely, now);
  if (due.length === 0 && !(await anyReady(db.kysely, now))) return undefined;
  return await db.transaction(async (trx) => {
    await lockFor(trx, 'claims');
    await endDelays(trx, due);
    const picked = await pickRun(trx, ceilings);
    if (!picked) return undefined;
    await lockQueues(trx, [picked.repositoryId]);
    const found = await findReady(trx, picked.id);
    // It was cancelled a moment ago; the next claim finds another.
    if (!found) return undefined;
    const row = await take(trx, picked.id, parts, owner);
    // A run from behind the head leaves the head in place.
    if (found.head === 1) await giveHead(trx, picked.repositoryId);
    if (!row) return undefined;
    const data = { state: 'preparing', attempt: row.attempt };
    await appendTimeline(trx, row.id, now, { kind: 'state', text: `Attempt ${row.attempt} begins.`, data });
    return toRun<'preparing'>(row);
  });
}

/** What claims work with. */
type ClaimParts = { db: Db; clock: Clock; leaseMs: number; ceilings: ConcurrencyLimits };

/** The run if it is ready still; found by its id alone and judged here: with `READY` in the query, PostgreSQL may read the whole queue for it. */
async function findReady(trx: Kysely<unknown>, id: string): Promise<{ head: 0 | 1 } | undefined> {
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

/** Some of the runs that were delayed until now. */
async function dueRuns(kysely: Kysely<unknown>, now: number): Promise<Due[]> {
  return await runTables(kysely)
    .selectFrom('runs')
    .select(['id', 'repositoryId'])
    .where(DELAYED)
    .where('notBefore', '<=', now)
    .limit(DUE_AT_ONCE)
    .execute();
}

/** Returns due runs to their repository queues. */
async function endDelays(trx: Kysely<unknown>, due: readonly Due[]): Promise<void> {
  const repositories = due.map((row) => row.repositoryId);
  await lockQueues(trx, repositories);
  for (const { id } of due)
    await runTables(trx)
      .updateTable('runs')
      .set({ notBefore: 0 })
      .where('id', '=', id)
      .where(DELAYED)
      .execute();
  await settleQueues(trx, repositories);
}
