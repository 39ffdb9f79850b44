import { CamelCasePlugin, Kysely } from 'kysely';
import type { Db } from './database.ts';
import { migrate } from './migrate.ts';
import { createNotices } from './notices.ts';
import { openPostgres } from './open-postgres.ts';
import { programVersion } from './program-version.ts';
import { createSqliteDialect } from './sqlite/dialect.ts';
import { databaseAbsent } from './sqlite/errors.ts';
import { ensureSqliteFile, isSqliteThere } from './sqlite/file-there.ts';
import { startSqliteThread } from './sqlite/thread.ts';

/** What is opened; its own file, so that those who open it need not import each other. */
export type { Db } from './database.ts';

/** A SQLite file, or the address of a PostgreSQL database. */
export type DatabasePlace = { file: string } | { url: string };

/**
 * Opens the database and brings its schema up to date; a SQLite file that is not there is made (mode 0600). Throws
 * `database_damaged`, `database_newer`, `database_unavailable`, `database_busy`, `database_url_invalid`.
 */
export async function openDatabase(place: DatabasePlace): Promise<Db> {
  return 'file' in place ? await openSqlite(place.file) : await openPostgres(place.url);
}

/** Opens a SQLite file and makes it if there was none; notices go no further than this process. */
async function openSqlite(file: string): Promise<Db> {
  await ensureSqliteFile(file);
  const kysely = new Kysely<unknown>({
    dialect: createSqliteDialect(await startSqliteThread(file)),
    plugins: [new CamelCasePlugin()],
  });
  const notices = createNotices();
  try {
    const identity = await migrate(kysely, file, programVersion());
    return {
      kind: 'sqlite',
      kysely,
      ...identity,
      transaction: async (work) => await kysely.transaction().execute(work),
      notify: async (channel, payload) => notices.notify(channel, payload),
      listen: notices.listen,
      close: async () => await kysely.destroy(),
    };
  } catch (error) {
    await kysely.destroy();
    throw error;
  }
}

/**
 * Opens the database of a service that has been started before, and makes nothing where there is none: neither a file
 * nor its directory nor tables. Throws `database_absent`, and what `openDatabase` throws.
 */
export async function openExistingDatabase(place: DatabasePlace): Promise<Db> {
  if ('file' in place) {
    if (!isSqliteThere(place.file)) throw databaseAbsent(place.file);
    return await openSqlite(place.file);
  }
  return await openPostgres(place.url, (name) => {
    throw databaseAbsent(name);
  });
}
