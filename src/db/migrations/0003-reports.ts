import { type Kysely, sql } from 'kysely';

/** What is still to be said on GitHub, one row a saying, so that a run can end before GitHub has taken it. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .createTable('reports')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('target_json', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('last_error', 'text')
    .addUniqueConstraint('reports_once', ['run_id', 'kind'])
    .execute();
  await sql`CREATE INDEX reports_waiting ON reports (next_at) WHERE state = 'waiting'`.execute(kysely);
}
