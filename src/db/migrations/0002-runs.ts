import { type Kysely, sql } from 'kysely';

/** Runs, and the timeline of each. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .createTable('runs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('delivery_id', 'text', (column) => column.notNull().unique())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('repository_id', 'bigint', (column) => column.notNull())
    .addColumn('issue_number', 'bigint')
    .addColumn('profile', 'text', (column) => column.notNull())
    .addColumn('profile_json', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('reason_json', 'text')
    .addColumn('attempt', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('queued_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('not_before', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('lease_owner', 'text')
    .addColumn('lease_until', 'bigint')
    .addColumn('cancel_reason', 'text')
    .addColumn('container_id', 'text')
    .addColumn('deadline_at', 'bigint')
    .addColumn('exit_code', 'integer')
    .addColumn('final_message', 'text')
    .addColumn('usage_json', 'text')
    .addColumn('workspace_kept_until', 'bigint')
    .execute();
  await sql`CREATE INDEX runs_waiting ON runs (queued_at, id) WHERE state = 'queued'`.execute(kysely);
  await sql`CREATE INDEX runs_living ON runs (state) WHERE state <> 'ended'`.execute(kysely);
  await sql`CREATE INDEX runs_kept ON runs (workspace_kept_until) WHERE workspace_kept_until IS NOT NULL`.execute(
    kysely,
  );
  await kysely.schema.createIndex('runs_newest').on('runs').columns(['queued_at', 'id']).execute();
  await kysely.schema
    .createTable('run_events')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('data_json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('run_events_key', ['run_id', 'seq'])
    .execute();
}
