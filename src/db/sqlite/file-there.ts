import { existsSync } from 'node:fs';
import { link, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FlowError, systemCode } from '../../base/errors.ts';
import { makeDirectory } from '../../base/files.ts';
import { randomId } from '../../base/ids.ts';
import { databaseUnavailable, storageError } from './errors.ts';
import { openSqliteFile } from './file.ts';

/** Bytes of the smallest page: SQLite takes a file of fewer than 100 for an empty database (https://sqlite.org/fileformat.html). */
const SMALLEST_PAGE = 512;

/** Whether there is a database, or what is left of one; `ensureSqliteFile` throws for the latter. */
export function isSqliteThere(file: string): boolean {
  return existsSync(file) || existsSync(`${file}-wal`);
}

/**
 * Makes the file if it is not there: an empty database of this program's kind, made whole beside its place and
 * put there in one step (mode 0600), unless it has been there before. So a file without a page, or a write-ahead
 * log without its file, is what is left of a database: `database_damaged`. Throws `database_unavailable`, too.
 *
 * A file that is there is never opened here: closing any descriptor of it would drop the locks that this process
 * holds on it through SQLite (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export async function ensureSqliteFile(file: string): Promise<void> {
  try {
    await makeDirectory(dirname(file), { mode: 0o700 });
    const size = await sizeOf(file);
    if (size !== undefined && size < SMALLEST_PAGE)
      throw databaseLost(file, `only ${size} bytes of it are there`);
    if (size !== undefined) return;
    if (await sizeOf(`${file}-wal`)) {
      // Another process may have made both since the first look.
      if (await sizeOf(file)) return;
      throw databaseLost(file, `it is gone, but its write-ahead log ${file}-wal is there`);
    }
    await putEmpty(file);
  } catch (error) {
    const known = storageError(file, error);
    throw known instanceof FlowError ? known : databaseUnavailable(file, error);
  }
}

async function putEmpty(file: string): Promise<void> {
  const temporary = `${file}.${randomId(8)}.new`;
  try {
    await (await open(temporary, 'wx', 0o600)).close();
    openSqliteFile(temporary).close();
    await link(temporary, file);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    for (const path of [temporary, `${temporary}-wal`, `${temporary}-shm`]) await rm(path, { force: true });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function databaseLost(file: string, what: string): FlowError {
  return new FlowError({
    code: 'database_damaged',
    blame: 'operator',
    message: `The database ${file} is damaged: ${what}.`,
    hint: `Stop the service and restore a copy of ${file}. To begin with an empty one and lose its content, move ${file} and its -wal and -shm files away.`,
  });
}
