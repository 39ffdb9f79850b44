import { type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { OnNotice } from './notices.ts';

/**
 * An open database. Any number of processes may use the same one; what one commits the others see.
 *
 * With SQLite there is one connection: while `work` runs, every other query of this process waits. So `work` uses
 * the `trx` it is given and nothing else of the database (`kysely` or a second `transaction` inside it would wait
 * for ever), and awaits nothing but queries. It takes the write lock before its first statement; when it throws,
 * all is rolled back.
 *
 * With PostgreSQL transactions run side by side, each statement seeing what was committed before it (`READ
 * COMMITTED`): `work` locks what it decides about (`lockFor`, or an UPDATE that says so in its WHERE). It may be
 * run again when the server gave it up for another one, so it changes nothing but rows. What is sent when the
 * server or the way to it fails is `database_unavailable`, the next query opens a new connection; whether a
 * transaction that failed so was committed is not known.
 *
 * Queries throw `database_busy`, `database_unavailable` and `database_damaged`.
 */
export type Db = {
  readonly kind: 'sqlite' | 'postgres';
  /** Each room names its own tables: `tablesOf<…>(db.kysely)`. Columns are `snake_case` in SQL and `camelCase` in queries and rows. */
  readonly kysely: Kysely<unknown>;
  transaction<T>(work: (trx: Kysely<unknown>) => Promise<T>): Promise<T>;
  /** 8 characters, made when the database was, that name this installation on an engine shared with others. */
  readonly installation: string;
  /** A key of this installation's own, made when the database was, by which it knows its own comments again. */
  readonly markKey: string;
  /**
   * Notifies who listens on `channel`: every process on this PostgreSQL, this process alone with SQLite. `payload` has
   * at most 7,000 bytes. A notice may be lost without an error, so listeners poll too.
   * Equal notices that wait to be sent are sent once.
   */
  notify(channel: string, payload: string): Promise<void>;
  /** Calls `onNotice` with each payload, and with an empty one when some may have been missed. Gives the function that stops it. */
  listen(channel: string, onNotice: OnNotice): () => void;
  /** Closes the database; call it once nothing uses it any more. A second call does nothing. */
  close(): Promise<void>;
};

/** Milliseconds since 1970 as every process on this database sees them: PostgreSQL's own clock, so that hosts need not agree on the time; with SQLite there is one host, and its clock. */
export function databaseNow(db: Pick<Db, 'kind'>, clock: Clock): RawBuilder<number> {
  return db.kind === 'postgres'
    ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
    : sql<number>`${clock.now()}`;
}

/**
 * Waits until no other transaction holds `name`, and holds it until this one ends. SQLite's transactions are alone
 * anyway. Take several in one order everywhere: `claims`, then a group, then a repository queue.
 */
export async function lockFor(trx: Kysely<unknown>, name: string): Promise<void> {
  if (!isPostgres(trx)) return;
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`github-flows ${name}`}, 0))`.execute(trx);
}

/** Whether a connection or transaction speaks to PostgreSQL. */
export function isPostgres(kysely: Kysely<unknown>): boolean {
  return kysely.getExecutor().adapter instanceof PostgresAdapter;
}

/** The database as one that has a room's own tables. The cast: Kysely adds tables to those of the type, and `unknown` has none. */
export function tablesOf<Tables>(kysely: Kysely<unknown>): Kysely<Tables> {
  return kysely as unknown as Kysely<Tables>;
}
