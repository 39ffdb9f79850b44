import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemCode } from '../../../src/base/errors.ts';
import { type DatabasePlace, type Db, openDatabase } from '../../../src/db/open.ts';
import type { PostgresDatabases } from './postgres-server.ts';

/** Copied for each test: making the tables takes ten times as long. */
let sqlite: Promise<Buffer> | undefined;
let postgres: Promise<string> | undefined;

/** Opens a SQLite file that nobody has used. */
export async function openNewSqlite(file: string): Promise<Db> {
  await putNewSqlite(file);
  return await openDatabase({ file });
}

/** Puts a SQLite file that has its tables and that nobody has used, unless there is one. */
export async function putNewSqlite(file: string): Promise<void> {
  sqlite ??= makeSqlite();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, await sqlite, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
}

/** A database of a server that has its tables and that nobody has used. */
export async function newPostgres(databases: PostgresDatabases): Promise<string> {
  postgres ??= makePostgres(databases);
  return await databases.freshDatabase(await postgres);
}

async function makeSqlite(): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'gf-migrated-'));
  const file = join(dir, 'test.db');
  await makeTables({ file });
  const bytes = await readFile(file);
  await rm(dir, { recursive: true });
  return bytes;
}

async function makePostgres(databases: PostgresDatabases): Promise<string> {
  const url = await databases.freshDatabase();
  await makeTables({ url });
  return url;
}

/** The name and the key of an installation are its own. */
async function makeTables(place: DatabasePlace): Promise<void> {
  const db = await openDatabase(place);
  const tables = db.kysely.withTables<{ meta: { key: string } }>();
  await tables.deleteFrom('meta').where('key', 'in', ['installation', 'mark_key']).execute();
  await db.close();
}
