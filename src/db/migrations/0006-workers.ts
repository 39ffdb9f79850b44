import { type Kysely, sql } from 'kysely';

/**
 * Runs across hosts, who works on them, and what they printed where others can read it.
 *
 * `host` names the engine that a run belongs to once it was claimed. From `launching_at` on its agent may have
 * started, so it is never started elsewhere; when nobody has answered for it until `lost_after`, it is lost. Both,
 * like leases and heartbeats, are milliseconds since 1970 by the database's clock.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('runs').addColumn('worker', 'text').execute();
  await kysely.schema.alterTable('runs').addColumn('host', 'text').execute();
  await kysely.schema.alterTable('runs').addColumn('launching_at', 'bigint').execute();
  await kysely.schema.alterTable('runs').addColumn('lost_after', 'bigint').execute();
  await kysely.schema
    .alterTable('runs')
    .addColumn('retries', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`CREATE INDEX runs_leased ON runs (lease_owner) WHERE lease_owner IS NOT NULL`.execute(kysely);
  await kysely.schema
    .createTable('workers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('capacity', 'integer', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('heartbeat_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('draining', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await kysely.schema
    .createTable('run_output')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('start_at', 'bigint', (column) => column.notNull())
    .addColumn('end_at', 'bigint', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('run_output_key', ['run_id', 'attempt', 'start_at'])
    .execute();
}
