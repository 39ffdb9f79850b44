import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { FlowError } from '../base/errors.ts';
import { readMigratedBy, writeMigratedBy } from './meta.ts';
import { MIGRATIONS } from './migrations/all.ts';

/**
 * Brings the schema up to this version, all or nothing, one process at a time; `place` names the database for
 * people. Throws `database_newer` when it is already beyond this version. Remembers `version` when it changed
 * anything.
 */
export async function migrate(kysely: Kysely<unknown>, place: string, version: string): Promise<void> {
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) {
    if (results?.length) await writeMigratedBy(kysely, version);
    return;
  }
  if (error instanceof FlowError) throw error;
  const unknown = await unknownMigration(kysely);
  if (unknown === undefined) throw error;
  throw databaseNewer({ place, migration: unknown, ours: version, theirs: await readMigratedBy(kysely) });
}

async function unknownMigration(kysely: Kysely<unknown>): Promise<string | undefined> {
  const rows = await kysely
    .withTables<{ [DEFAULT_MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(DEFAULT_MIGRATION_TABLE)
    .select('name')
    .execute();
  return rows.map((row) => row.name).find((name) => !Object.hasOwn(MIGRATIONS, name));
}

/** The database was written by a version that knows migrations which this one does not. */
function databaseNewer(what: {
  place: string;
  migration: string;
  ours: string;
  theirs: string | undefined;
}): FlowError {
  const writer = what.theirs === undefined ? 'a newer github-flows' : `github-flows ${what.theirs}`;
  return new FlowError({
    code: 'database_newer',
    blame: 'operator',
    message: `The database ${what.place} was brought up to date by ${writer}; this is ${what.ours}, which does not know its migration "${what.migration}".`,
    hint: `Run ${what.theirs === undefined ? 'the newer version' : `github-flows ${what.theirs} or a later one`} again, or use another database (VAR_DIR or DATABASE_URL). Nothing was changed.`,
  });
}
