import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { FlowError } from '../base/errors.ts';
import { databaseNewer } from './errors.ts';
import { MIGRATIONS } from './migrations/all.ts';

/** Brings the schema up to this version, all or nothing; `database_newer` when it is already beyond it. */
export async function migrate(kysely: Kysely<unknown>, file: string): Promise<void> {
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof FlowError) throw error;
  const unknown = await unknownMigration(kysely);
  throw unknown === undefined ? error : databaseNewer(file, unknown);
}

async function unknownMigration(kysely: Kysely<unknown>): Promise<string | undefined> {
  const rows = await kysely
    .withTables<{ [DEFAULT_MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(DEFAULT_MIGRATION_TABLE)
    .select('name')
    .execute();
  return rows.map((row) => row.name).find((name) => !Object.hasOwn(MIGRATIONS, name));
}
