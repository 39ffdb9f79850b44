import type { runTables } from './tables.ts';

/** Ids that one query names. */
const IDS_AT_ONCE = 500;

/** When each of these runs ended, null for one that lives; unknown ids are left out. */
export async function endsOf(
  tables: ReturnType<typeof runTables>,
  ids: readonly string[],
): Promise<Map<string, number | null>> {
  const found = new Map<string, number | null>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const some = ids.slice(from, from + IDS_AT_ONCE);
    const rows = await tables
      .selectFrom('runs')
      .select(['id', 'state', 'ended_at'])
      .where('id', 'in', some)
      .execute();
    for (const row of rows) found.set(row.id, row.state === 'ended' ? (row.ended_at ?? 0) : null);
  }
  return found;
}
