import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { databaseNow } from '../db/now.ts';
import type { Db } from '../db/open.ts';
import type { Run } from './run.ts';
import { RUN_COLUMNS, runTables, toRun } from './tables.ts';
import { appendTimeline } from './timeline.ts';

/** Who works on a run: the process, and the host and engine that it works with. */
export type RunOwner = { worker: string; host: string };

/**
 * The queue is the rows in state `queued`.
 *
 * `claim` as often as there is room; the claim is a lease (leases.ts), which is renewed while the run is worked on,
 * and the store's `advance` makes every move.
 */
export type RunQueue = {
  /** The oldest run that may start, moved to `preparing` with its next attempt, or undefined. */
  claim(owner: RunOwner): Promise<Run | undefined>;
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

async function claim(db: Db, clock: Clock, owner: RunOwner, leaseMs: number): Promise<Run | undefined> {
  return await db.transaction(async (trx) => {
    const tables = runTables(trx);
    const now = clock.now();
    const row = await tables
      .updateTable('runs')
      .set((set) => ({
        state: 'preparing' as const,
        attempt: set('attempt', '+', 1),
        lease_owner: owner.worker,
        lease_until: sql<number>`${databaseNow(db, clock)} + ${sql.lit(leaseMs)}`,
        worker: owner.worker,
        host: owner.host,
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
