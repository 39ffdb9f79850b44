import type { Kysely } from 'kysely';
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
  run_output: { run_id: string; attempt: number; start_at: number; end_at: number; text: string };
  runs: { id: string; state: string; ended_at: number | null };
};

const CHUNKS_AT_ONCE = 64;

/** The store over an open database. */
export function createOutputStore(db: Db): OutputStore {
  const tables = db.kysely.withTables<OutputTables>() as unknown as Kysely<OutputTables>;
  return {
    async storedTo({ runId, attempt }) {
      const row = await tables
        .selectFrom('run_output')
        .select((select) => select.fn.max('end_at').as('end'))
        .where('run_id', '=', runId)
        .where('attempt', '=', attempt)
        .executeTakeFirst();
      return Number(row?.end ?? 0);
    },
    async add({ runId, attempt }, { startAt, endAt, text }) {
      const row = { run_id: runId, attempt, start_at: startAt, end_at: endAt, text };
      await tables
        .insertInto('run_output')
        .values(row)
        .onConflict((conflict) => conflict.columns(['run_id', 'attempt', 'start_at']).doNothing())
        .execute();
    },
    async drop({ runId, attempt }) {
      await tables
        .deleteFrom('run_output')
        .where('run_id', '=', runId)
        .where('attempt', '=', attempt)
        .execute();
    },
    dropRun: async (runId) =>
      void (await tables.deleteFrom('run_output').where('run_id', '=', runId).execute()),
    async dropEndedBefore(time) {
      await tables
        .deleteFrom('run_output')
        .where('run_id', 'in', (query) =>
          query.selectFrom('runs').select('id').where('state', '=', 'ended').where('ended_at', '<', time),
        )
        .execute();
    },
    async read({ runId, attempt }, from) {
      const rows = await tables
        .selectFrom('run_output')
        .selectAll()
        .where('run_id', '=', runId)
        .where('attempt', '=', attempt)
        .where('end_at', '>', from)
        .orderBy('start_at')
        .limit(CHUNKS_AT_ONCE)
        .execute();
      return rows.map((row) => ({
        startAt: Number(row.start_at),
        endAt: Number(row.end_at),
        text: row.text,
      }));
    },
  };
}
