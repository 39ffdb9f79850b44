import type { Clock } from '../base/clock.ts';
import { tablesOf } from '../db/database.ts';
import type { Db } from '../db/open.ts';
import type { RedeliveryHistory } from './missing.ts';

/** The deliveries that GitHub was asked to deliver again, and since when this installation looks for missing ones. */
export type RedeliveryStore = {
  /** When this installation first looked, in milliseconds since 1970. */
  watchingSince(): Promise<number>;
  of(source: string): Promise<Map<string, RedeliveryHistory>>;
  /** Counts a request before it is sent: a crash in between leads to one request less, never to one more. */
  count(source: string, guid: string): Promise<void>;
  /** Removes requests of before a time; GitHub does not list these deliveries any more. */
  forget(before: number): Promise<void>;
};

type AskedTables = {
  askedAgain: { source: string; guid: string; times: number; lastAt: number };
  meta: { key: string; value: string };
};

/** The store over an open database. */
export function createRedeliveryStore(db: Db, clock: Clock): RedeliveryStore {
  const tables = tablesOf<AskedTables>(db.kysely);
  return {
    async watchingSince() {
      await tables
        .insertInto('meta')
        .values({ key: 'watching_since', value: String(clock.now()) })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      const read = tables.selectFrom('meta').select('value').where('key', '=', 'watching_since');
      return Number((await read.executeTakeFirstOrThrow()).value);
    },
    async of(source) {
      const rows = await tables.selectFrom('askedAgain').selectAll().where('source', '=', source).execute();
      return new Map(rows.map((row) => [row.guid, { times: row.times, lastAt: row.lastAt }]));
    },
    async count(source, guid) {
      const now = clock.now();
      await tables
        .insertInto('askedAgain')
        .values({ source, guid, times: 1, lastAt: now })
        .onConflict((conflict) =>
          conflict
            .columns(['source', 'guid'])
            .doUpdateSet((set) => ({ times: set('askedAgain.times', '+', 1), lastAt: now })),
        )
        .execute();
    },
    async forget(before) {
      await tables.deleteFrom('askedAgain').where('lastAt', '<', before).execute();
    },
  };
}
