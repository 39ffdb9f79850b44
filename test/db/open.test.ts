import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Db, openDatabase } from '../../src/db/open.ts';
import { startProgram } from '../support/processes/program.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Row = { id: string; body: string };

async function opened(file: string): Promise<Db> {
  const db = await openDatabase({ file });
  onTestFinished(() => db.close());
  return db;
}

async function withTable(): Promise<{ file: string; db: Db }> {
  const file = join(await temporaryDirectory(), 'test.db');
  const db = await opened(file);
  await sql`CREATE TABLE t (id text PRIMARY KEY, body text)`.execute(db.kysely);
  return { file, db };
}

const count = async (db: Db): Promise<number> =>
  (await sql<{ n: number }>`SELECT count(*) AS n FROM t`.execute(db.kysely)).rows[0]?.n ?? -1;

describe('opening', () => {
  test('opening makes the directory and a file that only its owner reads, with an id that stays', async () => {
    const file = join(await temporaryDirectory(), 'var', 'deep', 'github-flows.db');
    const first = await openDatabase({ file });
    expect(first.installation).toMatch(/^[0-9a-z]{8}$/);
    await first.close();
    await first.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const second = await opened(file);
    expect(second.installation).toBe(first.installation);
    for (const name of await readdir(join(file, '..')))
      expect((await stat(join(file, '..', name))).mode & 0o077).toBe(0);
  });

  test('every commit is synced, and other processes may read and write meanwhile', async () => {
    const { db } = await withTable();
    const pragma = async (name: string): Promise<unknown> =>
      Object.values((await sql`PRAGMA ${sql.raw(name)}`.execute(db.kysely)).rows[0] as object)[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(await pragma('busy_timeout')).toBeGreaterThan(1000);
  });

  test('several processes may make the same database at once', async () => {
    const file = join(await temporaryDirectory(), 'test.db');
    const opening = Array.from({ length: 4 }, () => startProgram('open-database', [file]).line());
    const names = await Promise.all(opening);
    expect(new Set(names).size).toBe(1);
  });

  test('a file that is no database is damaged, not overwritten', async () => {
    const file = join(await temporaryDirectory(), 'test.db');
    await writeFile(file, 'this is not a database at all, but it is long enough to look at'.repeat(40));
    await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'database_damaged' });
    expect((await stat(file)).size).toBe(63 * 40);
  });

  test('a file that was cut in the middle is damaged', async () => {
    const { file, db } = await withTable();
    for (let row = 0; row < 50; row += 1)
      await sql`INSERT INTO t VALUES (${String(row)}, ${'x'.repeat(20_000)})`.execute(db.kysely);
    await db.close();
    await truncate(file, Math.floor((await stat(file)).size / 2));
    await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'database_damaged' });
  });

  test('a file whose first bytes were overwritten is damaged', async () => {
    const { file, db } = await withTable();
    await db.close();
    await writeFile(file, Buffer.alloc(4096), { flag: 'r+' });
    await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'database_damaged' });
  });

  test('a file that lost its bytes, or all but its write-ahead log, is damaged: no new one takes its place', async () => {
    for (const bytes of [0, 1, 99, 511]) {
      const file = join(await temporaryDirectory(), 'test.db');
      await writeFile(file, Buffer.alloc(bytes));
      await expect(openDatabase({ file })).rejects.toMatchObject({ code: 'database_damaged' });
      expect((await stat(file)).size).toBe(bytes);
    }
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'test.db-wal'), 'what was written last');
    await expect(openDatabase({ file: join(directory, 'test.db') })).rejects.toMatchObject({
      code: 'database_damaged',
      message: expect.stringContaining('test.db-wal'),
    });
    expect(await readdir(directory)).toEqual(['test.db-wal']);
  });

  test('a database of a newer version is left alone', async () => {
    const { file, db } = await withTable();
    await sql`INSERT INTO kysely_migration VALUES ('9999-later', '2099-01-01T00:00:00.000Z')`.execute(
      db.kysely,
    );
    await db.close();
    await expect(openDatabase({ file })).rejects.toMatchObject({
      code: 'database_newer',
      message: expect.stringContaining('9999-later'),
    });
    const raw = new DatabaseSync(file);
    raw.exec("UPDATE meta SET value = '99.1.0' WHERE key = 'migrated_by'");
    raw.close();
    await expect(openDatabase({ file })).rejects.toMatchObject({
      message: expect.stringContaining('github-flows 99.1.0'),
      hint: expect.stringContaining('99.1.0'),
    });
  });

  test('a directory in the place of the file, or a file in the place of the directory, is unavailable', async () => {
    const directory = await temporaryDirectory();
    await expect(openDatabase({ file: directory })).rejects.toMatchObject({ code: 'database_unavailable' });
    await writeFile(join(directory, 'plain'), '');
    const below = join(directory, 'plain', 'test.db');
    await expect(openDatabase({ file: below })).rejects.toMatchObject({ code: 'database_unavailable' });
  });

  test('an idle database does not keep its process alive', async () => {
    const file = join(await temporaryDirectory(), 'test.db');
    expect(await startProgram('open-database', [file]).ended).toBe(0);
  });
});

describe('queries', () => {
  test('rows come from every statement that gives some: RETURNING and PRAGMA too', async () => {
    const { db } = await withTable();
    const inserted = await sql<Row>`INSERT INTO t VALUES ('a', 'b') RETURNING *`.execute(db.kysely);
    expect(inserted.rows).toEqual([{ id: 'a', body: 'b' }]);
    const columns = await sql<{ name: string }>`PRAGMA table_info(t)`.execute(db.kysely);
    expect(columns.rows.map((row) => row.name)).toEqual(['id', 'body']);
    const updated = await sql`UPDATE t SET body = 'c'`.execute(db.kysely);
    expect(updated.numAffectedRows).toBe(1n);
  });

  test('bytes and numbers come back as they went, and stay the caller’s', async () => {
    const { db } = await withTable();
    const bytes = Buffer.from([0, 1, 255, 0]);
    const { rows } = await sql<{ a: Uint8Array; b: number }>`SELECT ${bytes} AS a, ${2 ** 52} AS b`.execute(
      db.kysely,
    );
    expect([...(rows[0]?.a ?? [])]).toEqual([0, 1, 255, 0]);
    expect(rows[0]?.b).toBe(2 ** 52);
    expect(bytes.length).toBe(4);
  });

  test('an error of a statement keeps SQLite’s code', async () => {
    const { db } = await withTable();
    await sql`INSERT INTO t VALUES ('a', '')`.execute(db.kysely);
    await expect(sql`INSERT INTO t VALUES ('a', '')`.execute(db.kysely)).rejects.toMatchObject({
      code: 'ERR_SQLITE_ERROR',
      errcode: 1555,
    });
    await expect(sql`SELECT ${Symbol('x')}`.execute(db.kysely)).rejects.toThrow('could not be cloned');
    await expect(sql`SELECT ${new Date()}`.execute(db.kysely)).rejects.toThrow('cannot be a parameter');
    expect(await count(db)).toBe(1);
  });
});

describe('transactions', () => {
  test('a transaction that throws leaves nothing, no table either', async () => {
    const { db } = await withTable();
    const failing = db.transaction(async (trx) => {
      await sql`INSERT INTO t VALUES ('a', '')`.execute(trx);
      await sql`CREATE TABLE u (id text)`.execute(trx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await count(db)).toBe(0);
    await expect(sql`SELECT * FROM u`.execute(db.kysely)).rejects.toThrow('no such table');
  });

  test('many transactions at once take turns', async () => {
    const { db } = await withTable();
    await sql`INSERT INTO t VALUES ('n', '0')`.execute(db.kysely);
    const add = async (): Promise<void> =>
      await db.transaction(async (trx) => {
        const { rows } = await sql<Row>`SELECT * FROM t`.execute(trx);
        await sql`UPDATE t SET body = ${String(Number(rows[0]?.body) + 1)}`.execute(trx);
      });
    await Promise.all(Array.from({ length: 50 }, add));
    const { rows } = await sql<Row>`SELECT * FROM t`.execute(db.kysely);
    expect(rows[0]?.body).toBe('50');
  });

  test('processes that write at once lose nothing, and none has to retry', async () => {
    const { file, db } = await withTable();
    const writers = ['a', 'b', 'c'].map((name) => startProgram('open-database', [file, '50', name]));
    const ends = await Promise.all(writers.map(({ ended }) => ended));
    expect(ends).toEqual([0, 0, 0]);
    expect(await count(db)).toBe(150);
  });

  test('this process goes on while another one holds the database', async () => {
    const { file, db } = await withTable();
    const holder = startProgram('hold-write', [file, '400']);
    await holder.line();
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 5);
    await sql`INSERT INTO t VALUES ('waited', '')`.execute(db.kysely);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(10);
    expect(await count(db)).toBe(2);
  });

  test('a full disk is reported as such, and the database works again when there is room', async () => {
    const { db } = await withTable();
    const { rows } = await sql<{ pageCount: number }>`PRAGMA page_count`.execute(db.kysely);
    await sql`PRAGMA max_page_count = ${sql.lit((rows[0]?.pageCount ?? 0) + 2)}`.execute(db.kysely);
    const big = db.transaction(async (trx) => {
      await sql`INSERT INTO t VALUES ('small', '')`.execute(trx);
      await sql`INSERT INTO t VALUES ('big', ${'x'.repeat(1_000_000)})`.execute(trx);
    });
    await expect(big).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(await count(db)).toBe(0);
    await sql`PRAGMA max_page_count = 100000`.execute(db.kysely);
    await sql`INSERT INTO t VALUES ('big', ${'x'.repeat(1_000_000)})`.execute(db.kysely);
    expect(await count(db)).toBe(1);
  });

  test('a query after close is refused', async () => {
    const { db } = await withTable();
    await db.close();
    await expect(count(db)).rejects.toThrow('destroyed');
  });
});
