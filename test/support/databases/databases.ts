import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject, onTestFinished } from 'vitest';
import { type DatabasePlace, type Db, openDatabase } from '../../../src/db/open.ts';
import { isUnit } from '../suite/size.ts';
import { temporaryDirectory } from '../suite/temporary.ts';
import { newPostgres, putNewSqlite } from './migrated.ts';
import { databasesOf, type PostgresServer, startPostgresServer } from './postgres-server.ts';

/** What a suite is given: databases of its own, gone with the test. */
export type Databases = {
  /** A database nobody has used, open until the test is over; `place` opens it once more. */
  open(): Promise<{ db: Db; place: DatabasePlace }>;
};

/** Runs a suite on SQLite and on the real PostgreSQL that all files share; on SQLite alone under `npm run test:unit`. */
export function eachDatabase(suite: (kind: Db['kind'], databases: Databases) => void): void {
  describe('on SQLite', () => {
    suite(
      'sqlite',
      databasesAt(async () => {
        const file = join(await temporaryDirectory(), 'test.db');
        await putNewSqlite(file);
        return { file };
      }),
    );
  });
  if (isUnit) return;
  describe('on PostgreSQL', () => {
    suite(
      'postgres',
      databasesAt(async () => ({ url: await sharedPostgres() })),
    );
  });
}

/** A database of the server that all files share, which nobody has used, and gone when the test is over. */
export async function sharedPostgres(finished = onTestFinished): Promise<string> {
  const databases = databasesOf(inject('postgres'));
  const url = await newPostgres(databases);
  finished(async () => await databases.removeDatabase(url));
  return url;
}

/** A server of their own for the tests of the surrounding `describe` which end it, alive from its first to its last. */
export function usePostgresServer(): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgresServer();
  });
  afterAll(async () => await server?.remove());
  return () => {
    if (!server) throw new Error('The server runs only while tests do.');
    return server;
  };
}

function databasesAt(place: () => Promise<DatabasePlace>): Databases {
  return {
    async open() {
      const at = await place();
      const db = await openDatabase(at);
      onTestFinished(() => db.close());
      return { db, place: at };
    },
  };
}
