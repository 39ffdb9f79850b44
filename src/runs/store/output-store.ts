import { tablesOf } from '../../db/database.ts';
import type { Db } from '../../db/open.ts';

/** A piece of a run's kept output, masked: whole lines of JSON, and where they stand in the file they come from, in bytes. */
export type OutputChunk = { startAt: number; endAt: number; text: string };

/** Which output: of a run's attempt, from 1. */
export type OutputOf = { runId: string; attempt: number };

/** Copies of what runs printed, for hosts that do not have the file. Written by the run's own worker alone, in order. */
export type OutputStore = {
  /** Up to where the output is stored, in bytes; 0 when nothing is. */
  storedTo(of: OutputOf): Promise<number>;
  add(of: OutputOf, chunk: OutputChunk): Promise<void>;
  /** Forgets an attempt's output, to store it anew. */
  drop(of: OutputOf): Promise<void>;
  /** Forgets what all attempts of a run printed. */
  dropRun(runId: string): Promise<void>;
  /** Forgets what runs printed that ended before a time in milliseconds since 1970, on whatever host. */
  dropEndedBefore(time: number): Promise<void>;
  /** Chunks that hold what comes after an offset, in order, at most 64. */
  read(of: OutputOf, from: number): Promise<OutputChunk[]>;
};

type OutputTables = {
  runOutput: { runId: string; attempt: number; startAt: number; endAt: number; text: string };
  runs: { id: string; state: string; endedAt: number | null };
};

const CHUNKS_AT_ONCE = 64;

/** The store over an open database. */
export function createOutputStore(db: Db): OutputStore {
  const tables = tablesOf<OutputTables>(db.kysely);
  return {
    async storedTo({ runId, attempt }) {
      const row = await tables
        .selectFrom('runOutput')
        .select((select) => select.fn.max('endAt').as('end'))
        .where('runId', '=', runId)
        .where('attempt', '=', attempt)
        .executeTakeFirst();
      return row?.end ?? 0;
    },
    async add({ runId, attempt }, { startAt, endAt, text }) {
      const row = { runId, attempt, startAt, endAt, text };
      await tables
        .insertInto('runOutput')
        .values(row)
        .onConflict((conflict) => conflict.columns(['runId', 'attempt', 'startAt']).doNothing())
        .execute();
    },
    async drop({ runId, attempt }) {
      await tables
        .deleteFrom('runOutput')
        .where('runId', '=', runId)
        .where('attempt', '=', attempt)
        .execute();
    },
    dropRun: async (runId) =>
      void (await tables.deleteFrom('runOutput').where('runId', '=', runId).execute()),
    async dropEndedBefore(time) {
      await tables
        .deleteFrom('runOutput')
        .where('runId', 'in', (query) =>
          query.selectFrom('runs').select('id').where('state', '=', 'ended').where('endedAt', '<', time),
        )
        .execute();
    },
    async read({ runId, attempt }, from) {
      return await tables
        .selectFrom('runOutput')
        .select(['startAt', 'endAt', 'text'])
        .where('runId', '=', runId)
        .where('attempt', '=', attempt)
        .where('endAt', '>', from)
        .orderBy('startAt')
        .limit(CHUNKS_AT_ONCE)
        .execute();
    },
  };
}
