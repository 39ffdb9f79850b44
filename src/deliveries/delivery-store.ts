import { hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { lockFor } from '../db/database.ts';
import type { Db } from '../db/open.ts';
import type { Decision, Delivery, NewDelivery } from './delivery.ts';
import { deliveryBodyGone } from './errors.ts';
import { createGroupCommit } from './group-commit.ts';
import { type IncomingDelivery, STARTED_REMEMBERED_MS, type StoreResult, storeBatch } from './store-batch.ts';
import { DELIVERY_COLUMNS, type DeliveryTables, deliveryTables, toDelivery } from './tables.ts';

/** One commit takes at most this much: a fraction of a second of writing. */
const COMMIT_LIMITS = { items: 100, bytes: 32 * 1024 * 1024 };

/** Every delivery ever accepted, with its bytes and what was decided about it. All may be called at once; all may throw the storage errors of `Db`. */
export type DeliveryStore = Bodies & {
  /**
   * Stores a delivery unless its id is known or its bytes were seen before (for ever when they are unique to one
   * event, else for three days, and for thirty from when they started a run), and resolves only once that is committed to disk. Calls that wait share one
   * transaction.
   */
  store(delivery: NewDelivery): Promise<StoreResult>;
  /** The bytes as GitHub sent them; undefined for an unknown id. Throws `delivery_body_gone` when they were removed. */
  body(id: string): Promise<Buffer | undefined>;
  find(id: string): Promise<Delivery | undefined>;
  /** Which of these ids are stored. */
  known(ids: readonly string[]): Promise<Set<string>>;
  /** The hooks that the newest thousand deliveries came from, by GitHub's id. */
  hooks(): Promise<Set<number>>;
  /** Newest first. */
  list(options: { limit: number }): Promise<Delivery[]>;
  /** Those that admission has not decided about, oldest first. */
  undecided(options: { limit: number }): Promise<Delivery[]>;
  /** What has been decided about a delivery, which nobody else decides about until `trx` ends; undefined when nothing has. */
  decided(id: string, trx: Kysely<unknown>): Promise<Decision | undefined>;
  /** Stores the decision about a delivery, inside `trx` when it is given; an unknown id changes nothing. */
  decide(id: string, decision: Decision, trx?: Kysely<unknown>): Promise<void>;
  /** Clears the decision, so that admission decides again; false when the delivery is unknown, became a run, or has no body any more. */
  reopen(id: string): Promise<boolean>;
};

/** The store over an open database. */
export function createDeliveryStore(db: Db, clock: Clock): DeliveryStore {
  const tables = deliveryTables(db.kysely);
  const select = () => tables.selectFrom('deliveries').select(DELIVERY_COLUMNS);
  const nextArrival = createArrivals();
  const add = createGroupCommit<IncomingDelivery, StoreResult>({
    commit: async (items) => await storeBatch(tables, items),
    bytesOf: ({ delivery }) => delivery.body.length,
    limits: COMMIT_LIMITS,
  });
  return {
    async store(delivery) {
      const receivedAt = clock.now();
      const bodyKey = hash('sha256', delivery.body);
      return await add({ delivery, bodyKey, receivedAt, arrival: nextArrival(receivedAt) });
    },
    async body(id) {
      const row = await tables
        .selectFrom('deliveries')
        .select(['body', 'bodyRemovedAt'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (row && row.bodyRemovedAt !== null) throw deliveryBodyGone(id, row.bodyRemovedAt);
      return row && Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength);
    },
    async find(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row && toDelivery(row);
    },
    async list({ limit }) {
      const rows = await select().orderBy('arrival', 'desc').orderBy('id', 'desc').limit(limit).execute();
      return rows.map(toDelivery);
    },
    async undecided({ limit }) {
      const open = select().where('decisionReason', 'is', null);
      return (await open.orderBy('arrival').orderBy('id').limit(limit).execute()).map(toDelivery);
    },
    decided: async (id, trx) => await decided(id, trx),
    async decide(id, decision, trx = db.kysely) {
      await deliveryTables(trx)
        .updateTable('deliveries')
        .set({
          decisionReason: decision.reason,
          decisionMessage: decision.message,
          decisionProfile: decision.profile,
          decisionCandidatesJson: decision.candidates ? JSON.stringify(decision.candidates) : null,
          runId: decision.runId,
        })
        .where('id', '=', id)
        .execute();
      if (decision.runId !== null) await rememberLonger(id, trx);
    },
    async reopen(id) {
      const result = await tables
        .updateTable('deliveries')
        .set({
          decisionReason: null,
          decisionMessage: null,
          decisionProfile: null,
          decisionCandidatesJson: null,
        })
        .where('id', '=', id)
        .where('runId', 'is', null)
        .where('bodyRemovedAt', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    known: async (ids) => await knownOf(tables, ids),
    hooks: async () => await hooksOf(tables),
    ...createBodies(db, clock),
  };
}

/** Bytes that may come again for another event count as duplicates for longer when they started a run. */
async function rememberLonger(id: string, trx: Kysely<unknown>): Promise<void> {
  await deliveryTables(trx)
    .updateTable('deliveries')
    .set({ bodyForgetAt: sql<number>`received_at + ${sql.lit(STARTED_REMEMBERED_MS)}` })
    .where('id', '=', id)
    .where('bodyForgetAt', 'is not', null)
    .execute();
}

async function decided(id: string, trx: Kysely<unknown>): Promise<Decision | undefined> {
  await lockFor(trx, `delivery ${id}`);
  const row = await deliveryTables(trx)
    .selectFrom('deliveries')
    .select(DELIVERY_COLUMNS)
    .where('id', '=', id)
    .executeTakeFirst();
  return (row && toDelivery(row).decision) ?? undefined;
}

/** Numbers that keep the order of arrival even within a millisecond. */
function createArrivals(): (now: number) => number {
  let last = 0;
  return (now) => {
    last = Math.max(last + 1, now * 1000);
    return last;
  };
}

/** Ids that one query names. */
const AT_ONCE = 500;

/** How many of the newest deliveries are looked at for the hooks they came from. */
const LOOKED_AT = 1000;

/** Which of these deliveries are stored. */
async function knownOf(tables: Kysely<DeliveryTables>, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    const rows = await tables.selectFrom('deliveries').select('id').where('id', 'in', some).execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}

/** GitHub's ids of the hooks that the newest deliveries came from; an App's deliveries carry its hook's, too. */
async function hooksOf(tables: Kysely<DeliveryTables>): Promise<Set<number>> {
  const rows = await tables
    .selectFrom('deliveries')
    .select('headersJson')
    .orderBy('arrival', 'desc')
    .orderBy('id', 'desc')
    .limit(LOOKED_AT)
    .execute();
  const ids = rows.map(({ headersJson }) => Number(JSON.parse(headersJson)['x-github-hook-id']));
  return new Set(ids.filter((id) => Number.isSafeInteger(id) && id > 0));
}

/** A delivery whose body may be removed. */
type OldBody = { id: string; runId: string | null; receivedAt: number; bytes: number };

/** The bodies of deliveries that are not removed yet. */
type Bodies = {
  /** The size of all bodies together. */
  bodyBytes(): Promise<number>;
  /** The oldest decided deliveries whose body is still there. */
  oldestBodies(options: { limit: number }): Promise<OldBody[]>;
  /** Removes bodies; rows and keys stay. */
  removeBodies(ids: readonly string[]): Promise<void>;
};

/** `octet_length` reads no body, in either database. */
function createBodies(db: Db, clock: Clock): Bodies {
  const tables = deliveryTables(db.kysely);
  const length = sql<number>`octet_length(body)`;
  const kept = () => tables.selectFrom('deliveries').where('bodyRemovedAt', 'is', null);
  return {
    async bodyBytes() {
      const row = await kept()
        .select((select) => select.fn.coalesce(select.fn.sum<number>(length), sql<number>`0`).as('bytes'))
        .executeTakeFirstOrThrow();
      return row.bytes;
    },
    async oldestBodies({ limit }) {
      return await kept()
        .select(['id', 'runId', 'receivedAt', length.as('bytes')])
        .where('decisionReason', 'is not', null)
        .orderBy('receivedAt')
        .orderBy('id')
        .limit(limit)
        .execute();
    },
    async removeBodies(ids) {
      await tables
        .updateTable('deliveries')
        .set({ body: Buffer.alloc(0), bodyRemovedAt: clock.now() })
        .where('id', 'in', ids)
        .where('decisionReason', 'is not', null)
        .execute();
    },
  };
}
