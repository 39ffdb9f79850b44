import type { Kysely } from 'kysely';

/**
 * What is known of the tokens that Apps mint, never the tokens themselves: one row for each App, host, repository and
 * set of permissions (`id` is the SHA-256 of these), with the end of the last one and what the last try failed with.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .createTable('app_tokens')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('permissions_json', 'text', (column) => column.notNull())
    .addColumn('touched_at', 'bigint', (column) => column.notNull())
    .addColumn('minted_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .addColumn('failures', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('failed_at', 'bigint')
    .addColumn('error_code', 'text')
    .addColumn('last_error', 'text')
    .addColumn('next_at', 'bigint')
    .execute();
  await kysely.schema.createIndex('app_tokens_touched').on('app_tokens').columns(['touched_at']).execute();
}
