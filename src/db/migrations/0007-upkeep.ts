import { type Kysely, sql } from 'kysely';

/**
 * What upkeep remembers; times in milliseconds since 1970.
 *
 * `body_removed_at` is when a delivery's bytes were let go; the row and its keys stay. `asked_again` counts how
 * often GitHub was asked to deliver again what never arrived: `source` is an App or a hook, `guid` what will stand
 * in X-GitHub-Delivery.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('deliveries').addColumn('body_removed_at', 'bigint').execute();
  await sql`CREATE INDEX deliveries_bodies ON deliveries (received_at) WHERE body_removed_at IS NULL`.execute(
    kysely,
  );
  await kysely.schema
    .createTable('asked_again')
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('guid', 'text', (column) => column.notNull())
    .addColumn('times', 'integer', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('asked_again_key', ['source', 'guid'])
    .execute();
}
