import type { Clock } from '../base/clock.ts';
import type { Db } from '../db/open.ts';
import type { Run } from './run.ts';
import { RUN_COLUMNS, runTables, toRun } from './tables.ts';
import { appendTimeline } from './timeline.ts';

/**
 * The queue is the rows in state `queued`.
 *
 * Order of calls: `takeOver` once at start, when the installation's lock is held; then `claim` as often as there
 * is room, `renew` well within the lease while runs are worked on, and the store's `advance` for every move.
 * A run that `renew` does not give back belongs to somebody else now: stop working on it.
 */
export type RunQueue = {
  /** The oldest run that may start, moved to `preparing` with its next attempt, or undefined. */
  claim(owner: string): Promise<Run | undefined>;
  /** Extends the leases of `owner`; gives the ids it still holds. */
  renew(owner: string): Promise<Set<string>>;
  /** Takes over living runs whose worker is gone: their lease becomes `owner`'s. */
  takeOver(owner: string): Promise<Run[]>;
  /** Reasons of cancels asked for, by run id, for the living runs of `owner`. */
  cancels(owner: string): Promise<Map<string, string>>;
  /** Queued runs that were called off before anybody claimed them. */
  cancelledWaiting(): Promise<Run[]>;
  /** How many wait. */
  waiting(): Promise<number>;
};

/** The queue over an open database; leases last `leaseMs` milliseconds. */
export function createRunQueue(db: Db, clock: Clock, leaseMs: number): RunQueue {
  const tables = runTables(db.kysely);
  return {
    claim: async (owner) => await claim(db, clock, owner, leaseMs),
    async renew(owner) {
      const rows = await tables
        .updateTable('runs')
        .set({ lease_until: clock.now() + leaseMs })
        .where('lease_owner', '=', owner)
        .where('state', '<>', 'ended')
        .returning('id')
        .execute();
      return new Set(rows.map((row) => row.id));
    },
    async takeOver(owner) {
      const rows = await tables
        .updateTable('runs')
        .set({ lease_owner: owner, lease_until: clock.now() + leaseMs })
        .where('state', 'not in', ['queued', 'ended'])
        .returning(RUN_COLUMNS)
        .execute();
      return rows.map(toRun);
    },
    async cancels(owner) {
      const rows = await tables
        .selectFrom('runs')
        .select(['id', 'cancel_reason'])
        .where('lease_owner', '=', owner)
        .where('state', '<>', 'ended')
        .where('cancel_reason', 'is not', null)
        .execute();
      return new Map(rows.map((row) => [row.id, row.cancel_reason ?? '']));
    },
    async cancelledWaiting() {
      const rows = await tables
        .selectFrom('runs')
        .select(RUN_COLUMNS)
        .where('state', '=', 'queued')
        .where('cancel_reason', 'is not', null)
        .execute();
      return rows.map(toRun);
    },
    async waiting() {
      const row = await tables
        .selectFrom('runs')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', '=', 'queued')
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
  };
}

async function claim(db: Db, clock: Clock, owner: string, leaseMs: number): Promise<Run | undefined> {
  return await db.transaction(async (trx) => {
    const tables = runTables(trx);
    const now = clock.now();
    const row = await tables
      .updateTable('runs')
      .set((set) => ({
        state: 'preparing' as const,
        attempt: set('attempt', '+', 1),
        lease_owner: owner,
        lease_until: now + leaseMs,
      }))
      .where('id', '=', (query) =>
        query
          .selectFrom('runs')
          .select('id')
          .where('state', '=', 'queued')
          .where('cancel_reason', 'is', null)
          .where('not_before', '<=', now)
          .orderBy('queued_at')
          .orderBy('id')
          .limit(1),
      )
      .where('state', '=', 'queued')
      .returning(RUN_COLUMNS)
      .executeTakeFirst();
    if (!row) return undefined;
    const text = `Attempt ${row.attempt} begins.`;
    await appendTimeline(trx, row.id, now, {
      kind: 'state',
      text,
      data: { state: 'preparing', attempt: row.attempt },
    });
    return toRun(row);
  });
}
