import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { SqliteThread } from './thread.ts';

/**
 * Kysely on a file that a thread holds. Transactions begin IMMEDIATE: a deferred one that reads first fails when
 * another process wrote meanwhile (https://sqlite.org/isolation.html). DDL takes part in them.
 */
export function createSqliteDialect(thread: SqliteThread): Dialect {
  return {
    createDriver: () => createDriver(thread),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalAdapter(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
  };
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** One connection; Kysely hands it to one caller at a time. */
function createDriver(thread: SqliteThread): Driver {
  const connection = createConnection(thread);
  const run = async (sql: string): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: async () => await run('begin immediate'),
    commitTransaction: async () => await run('commit'),
    rollbackTransaction: async () => await run('rollback'),
    releaseConnection: async () => {},
    destroy: async () => await thread.close(),
  };
}

function createConnection(thread: SqliteThread): DatabaseConnection {
  return {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, changes, lastInsertRowid } = await thread.run(sql, parameters);
      return {
        rows: rows as Row[],
        ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }),
        ...(lastInsertRowid === undefined ? {} : { insertId: BigInt(lastInsertRowid) }),
      };
    },
    streamQuery() {
      throw new Error('Rows are not streamed from SQLite: ask for a page of them.');
    },
  };
}
