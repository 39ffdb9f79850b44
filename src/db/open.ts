import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Kysely } from 'kysely';
import { systemCode } from '../base/errors.ts';
import { makeDirectory } from '../base/files.ts';
import { randomId } from '../base/ids.ts';
import { createSqliteDialect } from './dialects/sqlite.ts';
import { startSqliteThread } from './dialects/sqlite-thread.ts';
import { databaseUnavailable } from './errors.ts';
import { migrate } from './migrate.ts';

/**
 * An open database. Any number of processes may have the same file open; what one commits the others see.
 *
 * There is one connection: while `work` runs, every other query of this process waits. So `work` uses the
 * `trx` it is given and nothing else of the database (`kysely` or a second `transaction` inside it would wait
 * for ever), and awaits nothing but queries. It takes the write lock before its first statement; when it throws,
 * all is rolled back. Queries throw `database_busy`, `database_unavailable` and `database_damaged`.
 */
export type Db = {
  /** Each room names its own tables: `db.kysely.withTables<…>()`. */
  readonly kysely: Kysely<unknown>;
  transaction<T>(work: (trx: Kysely<unknown>) => Promise<T>): Promise<T>;
  /** 8 characters, made when the database was, that name this installation on an engine shared with others. */
  readonly installation: string;
  /** Closes the file; call it once nothing uses the database any more. A second call does nothing. */
  close(): Promise<void>;
};

/** Opens the SQLite file, makes it if it is not there (mode 0600), and brings its schema up to date; throws `database_damaged`, `database_newer`, `database_unavailable`, `database_busy`. */
export async function openDatabase(options: { file: string }): Promise<Db> {
  const { file } = options;
  await makeFile(file);
  const kysely = new Kysely<unknown>({ dialect: createSqliteDialect(await startSqliteThread(file)) });
  try {
    await migrate(kysely, file);
    const installation = await readInstallation(kysely);
    return {
      kysely,
      installation,
      transaction: async (work) => await kysely.transaction().execute(work),
      close: async () => await kysely.destroy(),
    };
  } catch (error) {
    await kysely.destroy();
    throw error;
  }
}

// Never opened when it is there: closing any descriptor of a file drops the locks that this process holds on it through SQLite (https://sqlite.org/howtocorrupt.html, 2.2).
async function makeFile(file: string): Promise<void> {
  try {
    await makeDirectory(dirname(file), { mode: 0o700 });
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw databaseUnavailable(file, error);
  }
}

async function readInstallation(kysely: Kysely<unknown>): Promise<string> {
  const tables = kysely.withTables<{ meta: { key: string; value: string } }>();
  const read = tables.selectFrom('meta').select('value').where('key', '=', 'installation');
  const known = await read.executeTakeFirst();
  if (known) return known.value;
  await tables
    .insertInto('meta')
    .values({ key: 'installation', value: randomId(8) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  return (await read.executeTakeFirstOrThrow()).value;
}
