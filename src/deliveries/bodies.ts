import { sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Db } from '../db/open.ts';
import { deliveryTables } from './tables.ts';

/** A delivery whose body may go one day. */
export type OldBody = { id: string; runId: string | null; receivedAt: number; bytes: number };

/** The bodies of all deliveries, as far as they are still there. */
export type Bodies = {
  /** What all bodies that are there take. */
  bodyBytes(): Promise<number>;
  /** The oldest decided deliveries whose body is still there. */
  oldestBodies(options: { limit: number }): Promise<OldBody[]>;
  /** Lets bodies go; rows and keys stay. */
  removeBodies(ids: readonly string[]): Promise<void>;
};

/** The part of the store that lets bodies go; `octet_length` reads no body in either database. */
export function createBodies(db: Db, clock: Clock): Bodies {
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
