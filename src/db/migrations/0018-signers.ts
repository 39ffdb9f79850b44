import type { Kysely } from 'kysely';

/**
 * `signed_by` is the key of the GitHub App whose webhook secret signed a delivery, null for the service's own secret.
 * `place` is what starts of machines without a thread are counted by: a branch, else a commit; null where there is a
 * thread, for people, and in rows that are older.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('deliveries').addColumn('signed_by', 'text').execute();
  await kysely.schema.alterTable('run_starts').addColumn('place', 'text').execute();
}
