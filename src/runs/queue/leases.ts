import { sql } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import type { RunLimits } from '../../base/run-limits.ts';
import { databaseNow } from '../../db/database.ts';
import type { Db } from '../../db/open.ts';
import type { ClaimedRun, PreparingRun } from '../run.ts';
import { RUN_COLUMNS, runTables, toRun } from '../tables.ts';
import { appendTimeline } from '../timeline.ts';
import type { RunOwner } from './queue.ts';
import { lockQueues, settleQueues } from './repository-queues.ts';

/** How much an end of the service adds to the suspicion of its active runs: after an uncaught error, and after any other end that was no orderly stop. */
export const SUSPICION = { brokenOff: 4, ended: 1 } as const;

/**
 * From this suspicion on a run is set aside: after three ends by an error, or twelve without a known reason, such as
 * `kill -9` or a power cut. Each step of the run and each orderly stop of the service sets its suspicion to 0.
 */
export const SET_ASIDE_FROM = 12;

/** From this suspicion on a requeued run is delayed, so that it ends no other if it is the cause. */
export const WAITS_FROM = 5;

/** Runs whose lease has expired: `back` are requeued, `mine` were started on this host, `lost` on one that did not come back. */
type LapsedLeases = { back: string[]; mine: ClaimedRun[]; lost: ClaimedRun[] };

/**
 * Which worker holds which active run.
 *
 * A lease is renewed well before it expires. An expired one may be taken, but a run whose agent may have started
 * (`launching`) only by its own host, or by any host once its `lostAfter` has passed.
 * Times are the database's: no host's clock decides.
 */
export type Leases = {
  /** Extends the leases of `worker`; gives the ids it still holds. Stop working on a run that is not among them. */
  renew(worker: string): Promise<Set<string>>;
  /**
   * At start, while no other process has this host's `VAR_DIR`: the active runs of this host become `owner`'s, whatever
   * their lease; with SQLite, so do those whose agent cannot have started. Longest waiting first. `suspicion` is added to
   * that of each.
   */
  resume(owner: RunOwner, suspicion?: number): Promise<ClaimedRun[]>;
  /** Sets the suspicion of a worker's runs to 0: it stops in good order, or has run long with them. */
  clear(worker: string): Promise<void>;
  /** Requeues or takes runs whose lease has expired; `mine` and `lost` belong to `owner` from then on. */
  lapsed(owner: RunOwner): Promise<LapsedLeases>;
  /**
   * Just before the engine gets the order to start the agent: stores the limits that the run has from now on. False when the
   * lease was lost, and then nothing may be started. After its time limit the run is lost if its host is gone.
   */
  launching(run: PreparingRun, limits: RunLimits): Promise<boolean>;
};

const toClaimed = toRun<ClaimedRun['state']>;

/** One more end sets such a run aside. */
const LAST_SUSPICION = SET_ASIDE_FROM - SUSPICION.ended;

/** Leases of `leaseMs` milliseconds over an open database. */
export function createLeases(db: Db, clock: Clock, leaseMs: number): Leases {
  const now = () => databaseNow(db, clock);
  const until = () => sql<number>`${now()} + ${sql.lit(leaseMs)}`;
  const tables = runTables(db.kysely);
  const take = (owner: RunOwner, suspicion: number) =>
    tables
      .updateTable('runs')
      .set((set) => ({
        leaseOwner: owner.worker,
        leaseUntil: until(),
        worker: owner.worker,
        suspicion: set('suspicion', '+', suspicion),
      }))
      .where('state', 'not in', ['queued', 'ended'])
      .returning(RUN_COLUMNS);
  return {
    async renew(worker) {
      const rows = await tables
        .updateTable('runs')
        .set({ leaseUntil: until() })
        .where('leaseOwner', '=', worker)
        .where('state', '<>', 'ended')
        .returning('id')
        .execute();
      return new Set(rows.map((row) => row.id));
    },
    async resume(owner, suspicion = SUSPICION.ended) {
      const rows = await take(owner, suspicion)
        .where((where) =>
          where.or([
            where('host', '=', owner.host),
            ...(db.kind === 'postgres' ? [] : [where('host', 'is', null), where('launchingAt', 'is', null)]),
          ]),
        )
        .execute();
      return rows.map(toClaimed).toSorted((one, other) => one.queuedAt - other.queuedAt);
    },
    clear: async (worker) => await clearSuspicion(db, worker),
    async lapsed(owner) {
      const begun = take(owner, SUSPICION.ended)
        .where('leaseOwner', '<>', owner.worker)
        .where('leaseUntil', '<', now());
      const mine = await begun.where('host', '=', owner.host).execute();
      const lost = await begun
        .where((where) =>
          where.or([
            where('lostAfter', '<', now()),
            where.and([where('state', '=', 'reporting'), where('launchingAt', 'is', null)]),
            where.and([where('launchingAt', 'is', null), where('suspicion', '>=', LAST_SUSPICION)]),
          ]),
        )
        .execute();
      return { back: await requeue(db, clock, owner), mine: mine.map(toClaimed), lost: lost.map(toClaimed) };
    },
    launching: async (run, limits) => await noteLaunch(db, clock, run, limits),
  };
}

async function noteLaunch(db: Db, clock: Clock, run: PreparingRun, limits: RunLimits): Promise<boolean> {
  const now = databaseNow(db, clock);
  const lifeMs = Math.round((limits.timeoutSec + limits.graceSec) * 1000);
  const result = await runTables(db.kysely)
    .updateTable('runs')
    .set({
      launchingAt: now,
      lostAfter: sql<number>`${now} + ${sql.lit(lifeMs)}`,
      limitsJson: JSON.stringify(limits),
    })
    .where('id', '=', run.id)
    .where('state', '=', 'preparing')
    .where('leaseOwner', '=', run.leaseOwner)
    .$if(db.kind === 'postgres', (query) => query.where('leaseUntil', '>', now))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

async function clearSuspicion(db: Db, worker: string): Promise<void> {
  await runTables(db.kysely)
    .updateTable('runs')
    .set({ suspicion: 0 })
    .where('leaseOwner', '=', worker)
    .where('suspicion', '>', 0)
    .execute();
}

/** Requeues, for any host, runs whose worker is gone and whose agent cannot have started. */
async function requeue(db: Db, clock: Clock, owner: RunOwner): Promise<string[]> {
  return await db.transaction(async (trx) => {
    const rows = await runTables(trx)
      .updateTable('runs')
      .set((set) => ({
        ...{ state: 'queued' as const, leaseOwner: null, leaseUntil: null, worker: null, host: null },
        suspicion: set('suspicion', '+', SUSPICION.ended),
      }))
      .where('state', '=', 'preparing')
      .where('launchingAt', 'is', null)
      .where('leaseOwner', '<>', owner.worker)
      .where('leaseUntil', '<', databaseNow(db, clock))
      .returning(['id', 'repositoryId'])
      .execute();
    const repositories = rows.map((row) => row.repositoryId);
    await lockQueues(trx, repositories);
    await settleQueues(trx, repositories);
    for (const { id } of rows)
      await appendTimeline(trx, id, clock.now(), {
        kind: 'state',
        text: 'Requeued: its worker was gone before the agent had started.',
        data: { state: 'queued' },
      });
    return rows.map(({ id }) => id);
  });
}
