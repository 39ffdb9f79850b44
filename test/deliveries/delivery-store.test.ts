import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import type { Db } from '../../src/db/open.ts';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { newDelivery } from '../support/databases/new-delivery.ts';
import { settableClock } from '../support/suite/fake-clock.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

async function setup() {
  const clock = settableClock();
  const db: Db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
  onTestFinished(() => db.close());
  return { clock, db, store: createDeliveryStore(db, clock) };
}

test('a full disk rejects those who waited, keeps nothing of them, and the next ones are stored', async () => {
  const { store, db } = await setup();
  await sql`PRAGMA max_page_count = 30`.execute(db.kysely);
  const big = Array.from({ length: 5 }, (_, index) =>
    store.store(newDelivery({ body: Buffer.alloc(200_000, String(index)) })),
  );
  for (const result of await Promise.allSettled(big))
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'database_unavailable' } });
  expect(await store.list({ limit: 10 })).toEqual([]);
  await sql`PRAGMA max_page_count = 100000`.execute(db.kysely);
  expect(await store.store(newDelivery())).toEqual({ duplicateOf: null });
});
