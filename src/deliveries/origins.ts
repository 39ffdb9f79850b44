import type { Kysely } from 'kysely';
import type { DeliveryTables } from './tables.ts';

/** Ids that one query names. */
const AT_ONCE = 500;

/** How many of the newest deliveries are looked at for the hooks they came from. */
const LOOKED_AT = 1000;

/** Which of these deliveries are stored. */
export async function knownOf(tables: Kysely<DeliveryTables>, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    const rows = await tables.selectFrom('deliveries').select('id').where('id', 'in', some).execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}

/** GitHub's ids of the hooks that the newest deliveries came from; an App's deliveries carry its hook's, too. */
export async function hooksOf(tables: Kysely<DeliveryTables>): Promise<Set<number>> {
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
