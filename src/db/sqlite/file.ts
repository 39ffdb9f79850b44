import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { CORRUPT } from './errors.ts';
import { NO_RESULT, type StatementResult } from './protocol.ts';

/** How long a statement waits for another process that writes. */
const BUSY_TIMEOUT_MS = 10_000;

/** Every page of a file up to this size is checked when it is opened (about 20 ms); damage in a larger one shows when it is read. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/** Bytes of a page in a file that is new: large enough for the body of a webhook (some 13 kB) to be two, small enough for the two indexes that every delivery touches. */
const PAGE_BYTES = 8 * 1024;

/** Statements kept prepared; the one used longest ago goes first. */
const MAX_STATEMENTS = 200;

/** One open SQLite file, and the running of statements on it. */
export type SqliteFile = {
  run(sql: string, parameters: readonly SQLInputValue[]): StatementResult;
  close(): void;
};

/** Opens the file for reading and writing, every commit synced to disk; throws what `node:sqlite` throws. */
export function openSqliteFile(file: string): SqliteFile {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL`);
    database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    if (statSync(file).size <= MAX_CHECKED_BYTES) checkPages(database);
  } catch (error) {
    database.close();
    throw error;
  }
  const prepare = createPrepare(database);
  return {
    run(sql, parameters) {
      // A COMMIT that failed may have rolled back already; a second ROLLBACK would hide its error.
      if (sql === 'rollback' && !database.isTransaction) return NO_RESULT;
      // An object in front would be taken for named parameters, and every value be null.
      const [first] = parameters;
      if (typeof first === 'object' && first !== null && !(first instanceof Uint8Array))
        throw new TypeError('An object cannot be a parameter of a statement.');
      const { statement, reads } = prepare(sql);
      if (reads) return { ...NO_RESULT, rows: statement.all(...parameters) };
      return { ...statement.run(...parameters), rows: [] };
    },
    close: () => database.close(),
  };
}

function checkPages(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (found === 'ok') return;
  throw Object.assign(new Error(String(found)), { code: 'ERR_SQLITE_ERROR', errcode: CORRUPT });
}

type Prepared = { statement: StatementSync; reads: boolean };

function createPrepare(database: DatabaseSync): (sql: string) => Prepared {
  const kept = new LRUCache<string, Prepared>({
    max: MAX_STATEMENTS,
    memoMethod(sql) {
      const statement = database.prepare(sql);
      return { statement, reads: statement.columns().length > 0 };
    },
  });
  return (sql) => kept.memo(sql);
}
