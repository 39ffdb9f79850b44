import type { Kysely } from 'kysely';

/** `limits_json` holds the limits that a run was launched with; null before its launch, and in rows that are older. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('runs').addColumn('limits_json', 'text').execute();
}
