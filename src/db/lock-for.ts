import { type Kysely, PostgresAdapter, sql } from 'kysely';

/**
 * Waits until no other transaction holds `name`, and holds it until this one ends. SQLite's transactions are alone
 * anyway. Take several in one order everywhere: `claims`, then a group, then a lane.
 */
export async function lockFor(trx: Kysely<unknown>, name: string): Promise<void> {
  if (!isPostgres(trx)) return;
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`github-flows ${name}`}, 0))`.execute(trx);
}

/** Whether a connection or transaction speaks to PostgreSQL. */
export function isPostgres(kysely: Kysely<unknown>): boolean {
  return kysely.getExecutor().adapter instanceof PostgresAdapter;
}
