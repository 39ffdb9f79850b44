import type { Db } from './database.ts';
import { openPostgres } from './open-postgres.ts';
import { openSqlite } from './open-sqlite.ts';
import { databaseAbsent } from './sqlite/errors.ts';
import { isSqliteThere } from './sqlite/file-there.ts';

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
