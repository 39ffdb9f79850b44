import { type Kysely, sql } from 'kysely';
import { isPostgres } from '../db/database.ts';
import type { TimelineEntry } from './run.ts';
import { runTables } from './tables.ts';

/** Adds one line at the end of a run's timeline. The transaction must have written the run's row or locked it (`lockRun`), so that its lines are numbered one after the other. */
export async function appendTimeline(
  trx: Kysely<unknown>,
  runId: string,
  at: number,
  entry: { kind: string; text: string; data: Record<string, unknown> },
): Promise<void> {
  const next = sql<number>`(SELECT COALESCE(MAX(seq), 0) + 1 FROM run_events WHERE run_id = ${runId})`;
  await runTables(trx)
    .insertInto('runEvents')
    .values({
      runId,
      seq: next,
      at,
      kind: entry.kind,
      text: entry.text,
      dataJson: JSON.stringify(entry.data),
    })
    .execute();
}

/** Keeps others from writing to a run until the transaction ends; SQLite's transactions are alone anyway. */
export async function lockRun(trx: Kysely<unknown>, runId: string): Promise<void> {
  if (!isPostgres(trx)) return;
  await runTables(trx).selectFrom('runs').select('id').where('id', '=', runId).forNoKeyUpdate().execute();
}

/** The timeline after a line, oldest first. */
export async function readTimeline(
  kysely: Kysely<unknown>,
  runId: string,
  afterSeq: number,
): Promise<TimelineEntry[]> {
  const rows = await runTables(kysely)
    .selectFrom('runEvents')
    .select(['seq', 'at', 'kind', 'text', 'dataJson'])
    .where('runId', '=', runId)
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .execute();
  return rows.map(({ dataJson, ...line }) => ({ ...line, data: JSON.parse(dataJson) }));
}
