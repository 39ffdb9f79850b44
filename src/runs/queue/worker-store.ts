import type { Kysely, RawBuilder } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { databaseNow, tablesOf } from '../../db/database.ts';
import type { Db } from '../../db/open.ts';

/** A worker as it announces itself: `capacity` is how many runs it works on at once. */
export type WorkerNotice = { id: string; host: string; name: string; version: string; capacity: number };

/** What others see of a worker; times in milliseconds since 1970 by the database's clock. */
export type WorkerView = WorkerNotice & {
  /** `gone` when it has sent no heartbeat for as long as a lease lasts. */
  state: 'working' | 'draining' | 'stopping' | 'gone';
  /** Runs that it holds. */
  runs: number;
  startedAt: number;
  heartbeatAt: number;
};

/** The workers of this database, one row each; a worker that stopped for good has none. */
export type WorkerStore = {
  /** Announces a worker, and forgets those that this host had before. */
  announce(worker: WorkerNotice): Promise<void>;
  /** Stores that the worker is alive. */
  heartbeat(worker: WorkerNotice, state: 'working' | 'stopping'): Promise<void>;
  /** Whether a worker was asked to claim no more. */
  isDraining(id: string): Promise<boolean>;
  leave(id: string): Promise<void>;
  /** By name, without those that sent no heartbeat for a day. */
  list(): Promise<WorkerView[]>;
  /** Asks a worker to claim no more, or to claim again; false when there is none of this id. */
  drain(id: string, draining: boolean): Promise<boolean>;
};

type WorkerTables = {
  workers: {
    id: string;
    host: string;
    name: string;
    version: string;
    capacity: number;
    startedAt: number;
    heartbeatAt: number;
    state: 'working' | 'stopping';
    draining: number;
  };
  runs: { id: string; state: string; leaseOwner: string | null };
};

const FORGET_MS = 24 * 3_600_000;

/** The store over an open database; a worker is taken for gone after `leaseMs` of silence. */
export function createWorkerStore(db: Db, clock: Clock, leaseMs: number): WorkerStore {
  const tables = tablesOf<WorkerTables>(db.kysely);
  const now = () => databaseNow(db, clock);
  const insert = async (worker: WorkerNotice, state: 'working' | 'stopping'): Promise<void> => {
    await tables
      .insertInto('workers')
      .values({ ...worker, startedAt: now(), heartbeatAt: now(), state, draining: 0 })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  };
  return {
    async announce(worker) {
      await tables.deleteFrom('workers').where('host', '=', worker.host).execute();
      await insert(worker, 'working');
    },
    async heartbeat(worker, state) {
      const row = await tables
        .updateTable('workers')
        .set({ heartbeatAt: now(), state, capacity: worker.capacity, host: worker.host })
        .where('id', '=', worker.id)
        .returning('id')
        .executeTakeFirst();
      if (!row) await insert(worker, state);
    },
    async isDraining(id) {
      const row = await tables
        .selectFrom('workers')
        .select('draining')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.draining === 1;
    },
    async leave(id) {
      await tables.deleteFrom('workers').where('id', '=', id).execute();
    },
    list: async () => await list(tables, now, leaseMs),
    async drain(id, draining) {
      const result = await tables
        .updateTable('workers')
        .set({ draining: draining ? 1 : 0 })
        .where('id', '=', id)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
  };
}

async function list(
  tables: Kysely<WorkerTables>,
  now: () => RawBuilder<number>,
  leaseMs: number,
): Promise<WorkerView[]> {
  const rows = await tables
    .selectFrom('workers')
    .selectAll()
    .select(now().as('now'))
    .select((select) =>
      select
        .selectFrom('runs')
        .select((count) => count.fn.countAll<number>().as('count'))
        .whereRef('runs.leaseOwner', '=', 'workers.id')
        .where('runs.state', '<>', 'ended')
        .as('runs'),
    )
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows
    .filter((row) => row.now - row.heartbeatAt < FORGET_MS)
    .map((row) => ({
      id: row.id,
      host: row.host,
      name: row.name,
      version: row.version,
      capacity: row.capacity,
      runs: row.runs ?? 0,
      startedAt: row.startedAt,
      heartbeatAt: row.heartbeatAt,
      state: stateOf(row, row.now - row.heartbeatAt > leaseMs),
    }));
}

function stateOf(
  row: { state: 'working' | 'stopping'; draining: number },
  isSilent: boolean,
): WorkerView['state'] {
  if (isSilent) return 'gone';
  return row.state === 'working' && row.draining === 1 ? 'draining' : row.state;
}
