import type { runTables } from '../tables.ts';

/** Ids that one query names. */
const IDS_AT_ONCE = 500;

type Tables = ReturnType<typeof runTables>;

/** When each of these runs ended, null for one that lives; unknown ids are left out. */
export async function endsOf(tables: Tables, ids: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await rowsOf(tables, ids);
  return new Map(rows.map((row) => [row.id, row.state === 'ended' ? (row.endedAt ?? 0) : null]));
}

/** Of these runs, those that live or keep their workspace, with the attempt that they are at. */
export async function workspaceOwnersAmong(
  tables: Tables,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await rowsOf(tables, ids);
  const owners = rows.filter((row) => row.state !== 'ended' || row.workspaceKeptUntil !== null);
  return new Map(owners.map((row) => [row.id, row.attempt]));
}

async function rowsOf(tables: Tables, ids: readonly string[]) {
  const found = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE)
    found.push(
      ...(await tables
        .selectFrom('runs')
        .select(['id', 'state', 'endedAt', 'attempt', 'workspaceKeptUntil'])
        .where('id', 'in', ids.slice(from, from + IDS_AT_ONCE))
        .execute()),
    );
  return found;
}
