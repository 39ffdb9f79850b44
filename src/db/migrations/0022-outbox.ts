import { type Kysely, sql } from 'kysely';

/** What is to be posted is called a report again: `sayings` is the table `reports`, and what tells its text from another one is its `digest`. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('sayings').renameTo('reports').execute();
  await kysely.schema.alterTable('reports').renameColumn('said', 'digest').execute();
  for (const index of ['sayings_waiting', 'sayings_run']) await kysely.schema.dropIndex(index).execute();
  await sql`CREATE INDEX reports_waiting ON reports (next_at) WHERE state = 'waiting'`.execute(kysely);
  await kysely.schema.createIndex('reports_run').on('reports').column('run_id').execute();
}
