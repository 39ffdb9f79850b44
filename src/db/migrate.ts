import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { FlowError } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Db } from './database.ts';
import { MIGRATIONS } from './migrations/all.ts';

/** What a database says of its installation, for ever. */
type Identity = Pick<Db, 'installation' | 'markKey'>;

/**
 * Brings the schema up to this version, all or nothing, one process at a time, and remembers `version` when that changed
 * anything. `place` names the database for people. Gives the installation's name and key, which are made at the first
 * call; processes that call it at once get the same. Throws `database_newer` when the schema is beyond this version.
 */
export async function migrate(kysely: Kysely<unknown>, place: string, version: string): Promise<Identity> {
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) {
    if (results?.length) await writeMigratedBy(kysely, version);
    return {
      installation: await readOrMake(kysely, 'installation', 8),
      markKey: await readOrMake(kysely, 'mark_key', 52),
    };
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

type MetaTables = { meta: { key: string; value: string } };

async function readOrMake(kysely: Kysely<unknown>, key: string, characters: number): Promise<string> {
  const tables = kysely.withTables<MetaTables>();
  const read = tables.selectFrom('meta').select('value').where('key', '=', key);
  const known = await read.executeTakeFirst();
  if (known) return known.value;
  await tables
    .insertInto('meta')
    .values({ key, value: randomId(characters) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  return (await read.executeTakeFirstOrThrow()).value;
}

/** Remembers which version of the program brought the schema to where it is. */
async function writeMigratedBy(kysely: Kysely<unknown>, version: string): Promise<void> {
  await kysely
    .withTables<MetaTables>()
    .insertInto('meta')
    .values({ key: 'migrated_by', value: version })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: version }))
    .execute();
}

/** The version that brought the schema to where it is, if one that remembers it did. */
async function readMigratedBy(kysely: Kysely<unknown>): Promise<string | undefined> {
  const row = await kysely
    .withTables<MetaTables>()
    .selectFrom('meta')
    .select('value')
    .where('key', '=', 'migrated_by')
    .executeTakeFirst();
  return row?.value;
}
