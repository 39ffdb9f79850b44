import { type Kysely, sql } from 'kysely';

/**
 * What the installation is, and what GitHub delivered to it.
 *
 * `arrival` orders deliveries (milliseconds since 1970 × 1000, and a count within one). `body_key` is the SHA-256
 * of the body in hex for as long as the same bytes count as a duplicate, null after `body_forget_at`. `body`
 * stands last, so that a row's other columns are read without it; `bytea` is PostgreSQL's word for a blob, and
 * SQLite takes any.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .createTable('meta')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
  await kysely.schema
    .createTable('deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('arrival', 'bigint', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('action', 'text')
    .addColumn('repository', 'text')
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('headers_json', 'text', (column) => column.notNull())
    .addColumn('decision_reason', 'text')
    .addColumn('decision_message', 'text')
    .addColumn('decision_profile', 'text')
    .addColumn('decision_candidates_json', 'text')
    .addColumn('run_id', 'text')
    .addColumn('body_key', 'text', (column) => column.unique())
    .addColumn('body_forget_at', 'bigint')
    .addColumn('body', 'bytea', (column) => column.notNull())
    .execute();
  await kysely.schema.createIndex('deliveries_newest').on('deliveries').columns(['arrival', 'id']).execute();
  await sql`CREATE INDEX deliveries_undecided ON deliveries (arrival, id) WHERE decision_reason IS NULL`.execute(
    kysely,
  );
  await sql`CREATE INDEX deliveries_forgetting ON deliveries (body_forget_at) WHERE body_forget_at IS NOT NULL`.execute(
    kysely,
  );
}
