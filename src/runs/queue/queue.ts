import type { Clock } from '../../base/clock.ts';
import type { Db } from '../../db/open.ts';
import type { CancelledRun, PreparingRun } from '../run.ts';
import { RUN_COLUMNS, runTables, toRun } from '../tables.ts';
import { anyReady, claimRun } from './claim.ts';
import type { ConcurrencyLimits } from './fair-order.ts';
import type { RunOwner } from './owner.ts';
import { CALLED_OFF, QUEUED } from './repository-queues.ts';

/** Who claims; its own file, so that claims need not import the queue. */
export type { RunOwner } from './owner.ts';

/** How many called-off runs are given at a time. */
const CALLED_OFF_AT_ONCE = 100;

/**
 * The queue is the rows in state `queued`.
 *
 * `claim` as often as there is room; the claim is a lease (leases.ts), which is renewed while the run is worked on,
 * and the store's `advance` makes every move.
 */
export type RunQueue = {
  /**
   * The run whose turn it is, moved to `preparing` with its next attempt, or undefined. Of the repositories with room
   * those with the fewest living runs come first, among them the oldest run; no two claims together exceed a ceiling.
   */
  claim(owner: RunOwner): Promise<PreparingRun | undefined>;
  /** Reasons of cancels asked for, by run id, for the living runs of `owner`. */
  cancels(owner: string): Promise<Map<string, string>>;
  /** Some of the queued runs that were called off before anybody claimed them. */
  cancelledWaiting(): Promise<CancelledRun[]>;
  /** Whether a run is ready, though a ceiling may keep it; cheap however many wait. */
  anyReady(): Promise<boolean>;
  /** How many wait, for whatever. */
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
        .execute();
      return new Map(rows.map((row) => [row.id, row.cancelReason ?? '']));
    },
    async cancelledWaiting() {
      const rows = await tables
        .selectFrom('runs')
        .select(RUN_COLUMNS)
        .where(CALLED_OFF)
        .limit(CALLED_OFF_AT_ONCE)
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
