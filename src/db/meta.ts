import type { Kysely } from 'kysely';
import { randomId } from '../base/ids.ts';

type MetaTables = { meta: { key: string; value: string } };

/** The installation's name, made when it is asked for the first time; whoever asks at once gets the same. */
export async function readInstallation(kysely: Kysely<unknown>): Promise<string> {
  return await readOrMake(kysely, 'installation', 8);
}

/** The key that seals the installation's comments; made and shared in the same way. */
export async function readMarkKey(kysely: Kysely<unknown>): Promise<string> {
  return await readOrMake(kysely, 'mark_key', 52);
}

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
export async function writeMigratedBy(kysely: Kysely<unknown>, version: string): Promise<void> {
  await kysely
    .withTables<MetaTables>()
    .insertInto('meta')
    .values({ key: 'migrated_by', value: version })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: version }))
    .execute();
}

/** The version that brought the schema to where it is, if one that remembers it did. */
export async function readMigratedBy(kysely: Kysely<unknown>): Promise<string | undefined> {
  const row = await kysely
    .withTables<MetaTables>()
    .selectFrom('meta')
    .select('value')
    .where('key', '=', 'migrated_by')
    .executeTakeFirst();
  return row?.value;
}
