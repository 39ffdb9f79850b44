import type { Kysely } from 'kysely';

/** Where the head of a run's pull request was when the run was admitted, for events that do not say it. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('runs').addColumn('head_sha', 'text').execute();
}
