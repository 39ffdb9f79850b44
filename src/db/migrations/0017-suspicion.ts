import type { Kysely } from 'kysely';

/**
 * What speaks against a run: how often the service ended while it worked on it, counted anew at every step that the run
 * makes. A run with too much of it is set aside, so that it does not end every further start.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .alterTable('runs')
    .addColumn('suspicion', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
