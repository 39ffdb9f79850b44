import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Db, openDatabase, openExistingDatabase } from '../../src/db/open.ts';
import { usePostgresServer } from '../support/databases/databases.ts';

const server = usePostgresServer();

async function opened(url?: string): Promise<Db> {
  const db = await openDatabase({ url: url ?? (await server().freshDatabase()) });
  onTestFinished(() => db.close());
  return db;
}

const one = async (db: Db): Promise<number> =>
  (await sql<{ n: number }>`SELECT count(*) AS n FROM meta`.execute(db.kysely)).rows[0]?.n ?? -1;

describe('opening', () => {
  test('several services that start at once migrate one after the other and agree on the installation', async () => {
    const url = await server().freshDatabase();
    const all = await Promise.all(Array.from({ length: 6 }, () => opened(url)));
    expect(new Set(all.map(({ installation }) => installation)).size).toBe(1);
  });

  test('a server that is not there is unavailable, and the password is in no part of the error', async () => {
    const url = 'postgres://user:pass%2Dword@127.0.0.1:1/db?host=/nowhere';
    const error = await openDatabase({ url }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'database_unavailable' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/pass.{0,3}word@/);
  });

  test('what is no address of PostgreSQL is refused without repeating it', async () => {
    for (const url of ['mysql://u:secret@h/d', 'secret', 'postgres://u:secret@h:port/d', '']) {
      const error = await openDatabase({ url }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'database_url_invalid',
        message: expect.not.stringContaining('secret'),
      });
    }
  });
});

test('opening an existing database makes no table where no service was started, and throws that there is none', async () => {
  const url = await server().freshDatabase();
  for (const _again of [1, 2])
    await expect(openExistingDatabase({ url })).rejects.toMatchObject({ code: 'database_absent' });
  const { installation } = await opened(url);
  const looked = await openExistingDatabase({ url });
  onTestFinished(() => looked.close());
  expect(looked.installation).toBe(installation);
});

describe('a server that goes away', () => {
  test('a server that goes away costs the queries under way, and the next ones work', async () => {
    const own = await opened();
    const before = await one(own);
    const slow = sql`SELECT pg_sleep(30)`.execute(own.kysely);
    const broken = own.transaction(async (trx) => {
      await sql`INSERT INTO meta VALUES ('lost', '')`.execute(trx);
      await slow.catch(() => undefined);
      await sql`SELECT 1`.execute(trx);
    });
    const failures = Promise.allSettled([slow, broken]);
    await server().halt();
    for (const result of await failures)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'database_unavailable' } });
    await expect(one(own)).rejects.toMatchObject({ code: 'database_unavailable' });
    await server().start();
    expect(await one(own)).toBe(before);
  });

  test('notices come again after the server is back, and listeners are called because some may be missing', async () => {
    const url = await server().freshDatabase();
    const [speaker, listener] = [await opened(url), await opened(url)];
    const heard: string[] = [];
    listener.listen('runs', (payload) => heard.push(payload));
    await expect.poll(() => heard, { timeout: 5000 }).toContain('');
    await server().restart();
    await expect.poll(() => heard.filter((payload) => payload === '').length, { timeout: 5000 }).toBe(2);
    await expect
      .poll(
        async () => {
          await speaker.notify('runs', 'again');
          return heard;
        },
        { timeout: 5000 },
      )
      .toContain('again');
  });
});

describe('queries', () => {
  test('numbers come back as numbers, and text that PostgreSQL does not take is made into some it does', async () => {
    const db = await opened();
    const { rows } = await sql`SELECT ${2 ** 52}::bigint AS big, sum(x) AS total, ${'a\0b'}::text AS text
      FROM (VALUES (1::bigint), (2)) AS v(x)`.execute(db.kysely);
    expect(rows).toEqual([{ big: 2 ** 52, total: 3, text: 'a\uFFFDb' }]);
    await expect(sql`SELECT ${new Date()}`.execute(db.kysely)).rejects.toThrow('cannot be a parameter');
  });

  test('an error of a statement keeps its code', async () => {
    const db = await opened();
    const twice = sql`INSERT INTO meta VALUES ('installation', '')`.execute(db.kysely);
    await expect(twice).rejects.toMatchObject({ code: '23505' });
  });

  test('transactions that wait for each other in a circle are all done', async () => {
    const db = await opened();
    await sql`INSERT INTO meta VALUES ('a', '0'), ('b', '0')`.execute(db.kysely);
    const add = async (first: string, second: string): Promise<void> =>
      await db.transaction(async (trx) => {
        for (const key of [first, second]) {
          await sql`UPDATE meta SET value = (value::int + 1)::text WHERE key = ${key}`.execute(trx);
          await sql`SELECT pg_sleep(0.05)`.execute(trx);
        }
      });
    await Promise.all([add('a', 'b'), add('b', 'a'), add('a', 'b')]);
    const { rows } = await sql`SELECT value FROM meta WHERE key IN ('a', 'b')`.execute(db.kysely);
    expect(rows).toEqual([{ value: '3' }, { value: '3' }]);
  });
});
