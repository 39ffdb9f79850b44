import type { Kysely } from 'kysely';

/**
 * GitHub's numeric ids of those who start runs and of the accounts that the service speaks as: a login can be changed,
 * and taken by somebody else. Null where the event did not say, and in rows that are older.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  for (const table of ['runs', 'run_starts'])
    await kysely.schema.alterTable(table).addColumn('actor_id', 'bigint').execute();
  await kysely.schema.alterTable('own_accounts').addColumn('account_id', 'bigint').execute();
  await kysely.schema
    .createIndex('run_starts_actor_id')
    .on('run_starts')
    .columns(['actor_id', 'at'])
    .execute();
}
