import type { Kysely } from 'kysely';
import type { NewDelivery } from './delivery.ts';
import type { DeliveryTables } from './tables.ts';

/**
 * How long bytes that may come again for another event count as a duplicate: as long as GitHub delivers again
 * (https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks).
 */
const REMEMBERED_MS = 3 * 86_400_000;

/** The same for bytes that started a run: a replay of them is meant to start another. */
export const STARTED_REMEMBERED_MS = 30 * 86_400_000;

/** A delivery on its way into the database; times in milliseconds since 1970, `arrival` and `bodyKey` as the migration says. */
export type IncomingDelivery = {
  delivery: NewDelivery;
  bodyKey: string;
  receivedAt: number;
  arrival: number;
};

/** What became of it: the id of the delivery it repeats, or null when it is new. */
export type StoreResult = { duplicateOf: string | null };

/** Stores what is new of `incoming` with one statement, which is one transaction: the unique keys on id and bytes find duplicates, within the batch too. */
export async function storeBatch(
  tables: Kysely<DeliveryTables>,
  incoming: readonly IncomingDelivery[],
): Promise<StoreResult[]> {
  if (incoming.some(({ delivery }) => !delivery.uniqueBody)) await forgetBodies(tables, incoming);
  const inserted = await tables
    .insertInto('deliveries')
    .values(incoming.map(toRow))
    .onConflict((conflict) => conflict.doNothing())
    .returning(['id', 'bodyKey'])
    .execute();
  const fresh = new Set(inserted.map((row) => `${row.id} ${row.bodyKey}`));
  // The first of several that are alike in both is the one that was inserted.
  const isFresh = incoming.map(({ delivery, bodyKey }) => fresh.delete(`${delivery.id} ${bodyKey}`));
  const originals = isFresh.every(Boolean) ? undefined : await findOriginals(tables, incoming);
  return incoming.map(({ delivery, bodyKey }, index) => ({
    duplicateOf: isFresh[index] ? null : (originals?.get(bodyKey) ?? delivery.id),
  }));
}

/** Frees the keys of bytes whose time is over, before the same bytes are stored again. */
async function forgetBodies(
  tables: Kysely<DeliveryTables>,
  incoming: readonly IncomingDelivery[],
): Promise<void> {
  const now = Math.max(...incoming.map(({ receivedAt }) => receivedAt));
  await tables
    .updateTable('deliveries')
    .set({ bodyKey: null, bodyForgetAt: null })
    .where('bodyForgetAt', '<=', now)
    .execute();
}

/** Which delivery holds which bytes. */
async function findOriginals(
  tables: Kysely<DeliveryTables>,
  incoming: readonly IncomingDelivery[],
): Promise<Map<string | null, string>> {
  const bodyKeys = incoming.map(({ bodyKey }) => bodyKey);
  const rows = await tables
    .selectFrom('deliveries')
    .select(['id', 'bodyKey'])
    .where('bodyKey', 'in', bodyKeys)
    .execute();
  return new Map(rows.map((row) => [row.bodyKey, row.id]));
}

function toRow({ delivery, bodyKey, receivedAt, arrival }: IncomingDelivery) {
  return {
    id: delivery.id,
    arrival,
    event: delivery.event,
    action: delivery.action,
    repository: delivery.repository,
    receivedAt,
    headersJson: JSON.stringify(delivery.headers),
    bodyKey,
    bodyForgetAt: delivery.uniqueBody ? null : receivedAt + REMEMBERED_MS,
    bodyRemovedAt: null,
    signedBy: delivery.signedBy ?? null,
    body: delivery.body,
  };
}
