import { type Kysely, sql } from 'kysely';

/**
 * What is to be pushed and opened on GitHub of what agents committed, one row a run; and which commits were pushed to
 * which branch, which outlasts the row of the publication and the name of the repository.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .createTable('publications')
    .addColumn('run_id', 'text', (column) => column.primaryKey().references('runs.id').onDelete('cascade'))
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('plan_json', 'text', (column) => column.notNull())
    .addColumn('decided_at', 'bigint', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('url', 'text')
    .addColumn('last_error', 'text')
    .execute();
  await sql`CREATE INDEX publications_waiting ON publications (next_at) WHERE state = 'waiting'`.execute(
    kysely,
  );
  await kysely.schema
    .createTable('pushes')
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('commit_id', 'text', (column) => column.notNull())
    .addColumn('decided_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('pushes_key', ['repository_id', 'branch', 'commit_id'])
    .execute();
}
