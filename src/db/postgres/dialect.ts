import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { backoff } from '../../base/backoff.ts';
import { systemClock } from '../../base/clock.ts';
import { isConflict, isConnectionLost, postgresError, postgresUnavailable } from './errors.ts';
import type { PostgresPlace } from './url.ts';

/** Limits of one process's use of the server; times in milliseconds, 0 is none. */
type PostgresLimits = { connections: number; statementMs: number };

/** How long a connection may take to come about. */
const CONNECT_MS = 5_000;

/** How much longer than the server's own limit this side waits, for a server that cannot answer any more. */
const SILENCE_MS = 5_000;

/** How often a single statement is retried that the server gave up for another one. */
const MAX_TRIES = 5;
const CONFLICT_MS = { first: 10, most: 500 };

/**
 * Kysely on a pool of connections. What fails because of the server is a `database_…` error and costs the
 * connection it was on; the next query opens another. `int8` and `numeric` come back as numbers; text takes no
 * NUL character, so each becomes U+FFFD.
 */
export function createPostgresDialect(place: PostgresPlace, limits: PostgresLimits): Dialect {
  const pool = new pg.Pool({
    ...connectionOptions(place),
    max: limits.connections,
    connectionTimeoutMillis: CONNECT_MS,
    ...(limits.statementMs === 0
      ? {}
      : {
          statement_timeout: limits.statementMs,
          query_timeout: limits.statementMs + SILENCE_MS,
          idle_in_transaction_session_timeout: limits.statementMs * 2,
        }),
  });
  // A connection that breaks fails the query it works on and leaves the pool by itself; unheard, the event would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({ pool: translated(pool, place.name) });
}

/** How every connection to the database is made; the driver tries its own defaults for what the address leaves out. */
export function connectionOptions(place: PostgresPlace): pg.ClientConfig {
  return {
    connectionString: place.url,
    application_name: 'github-flows',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  };
}

const getTypeParser = ((type: number, format: 'text') =>
  type === pg.types.builtins.INT8 || type === pg.types.builtins.NUMERIC
    ? Number
    : pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser;

function translated(pool: pg.Pool, name: string): PostgresPool {
  return {
    options: pool.options,
    end: async () => await pool.end(),
    async connect() {
      try {
        return translatedClient(await pool.connect(), name);
      } catch (error) {
        throw postgresUnavailable(name, error);
      }
    },
  };
}

function translatedClient(client: pg.PoolClient, name: string): PostgresPoolClient {
  let lost: unknown;
  let inTransaction = false;
  const run = async (text: string, parameters: readonly unknown[]): Promise<pg.QueryResult> => {
    if (lost !== undefined) throw lost;
    try {
      return await client.query(text, parameters.map(toParameter));
    } catch (error) {
      const known = postgresError(name, error);
      if (isConnectionLost(error)) lost = known;
      throw known;
    }
  };
  const query = async (text: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult> => {
    if (/^(?:begin|start transaction)/.test(text)) inTransaction = true;
    const result = await (inTransaction
      ? run(text, parameters)
      : retryConflicts(() => run(text, parameters)));
    if (text === 'commit' || text === 'rollback') inTransaction = false;
    return result;
  };
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: () => client.release(lost !== undefined),
  };
}

/** Runs `work` again while the server gives it up for a conflict with another transaction; throws the conflict after the last try. */
export async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === MAX_TRIES || !isConflict(error)) throw error;
      await systemClock.sleep(backoff(CONFLICT_MS, tries, Math.random()));
    }
  }
}

function toParameter(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  throw new TypeError('An object cannot be a parameter of a statement.');
}
