import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Db } from './database.ts';

/** Milliseconds since 1970 as every process on this database sees them: PostgreSQL's own clock, so that hosts need not agree on the time; with SQLite there is one host, and its clock. */
export function databaseNow(db: Pick<Db, 'kind'>, clock: Clock): RawBuilder<number> {
  return db.kind === 'postgres'
    ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
    : sql<number>`${clock.now()}`;
}
