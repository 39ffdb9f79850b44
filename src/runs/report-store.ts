import type { Kysely } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import type { Db } from '../db/open.ts';

/** What is said: a reaction on what started the run, or a comment about its end. */
export type ReportKind = 'reaction' | 'comment';

/** Where on GitHub it is said. */
export type ReportTarget = {
  owner: string;
  repository: string;
  /** The kind of thing that is reacted to; a comment goes to the issue or pull request `number`. */
  subject: 'issue' | 'issue_comment' | 'pull_request_review_comment';
  /** Id of the comment for the two comment subjects, else the number. */
  subjectId: number;
  number: number;
};

/** One thing to say about one run. */
export type Report = { id: string; runId: string; kind: ReportKind; target: ReportTarget; attempts: number };

/** Rows of what GitHub has not taken yet; a run has at most one of each kind. */
export type ReportStore = {
  add(
    report: { runId: string; kind: ReportKind; target: ReportTarget },
    trx?: Kysely<unknown>,
  ): Promise<void>;
  /** Those that may be tried now, oldest first; of one run when it is named. */
  due(limit: number, runId?: string): Promise<Report[]>;
  done(id: string): Promise<void>;
  /** Tried in vain: `nextAt` null gives up for good. */
  failed(id: string, error: string, nextAt: number | null): Promise<void>;
};

type ReportTables = {
  reports: {
    id: string;
    run_id: string;
    kind: ReportKind;
    target_json: string;
    state: 'waiting' | 'done' | 'given_up';
    attempts: number;
    next_at: number;
    last_error: string | null;
  };
};

/** The store over an open database. */
export function createReportStore(db: Db, clock: Clock): ReportStore {
  const tables = (kysely: Kysely<unknown>): Kysely<ReportTables> =>
    kysely.withTables<ReportTables>() as unknown as Kysely<ReportTables>;
  const own = tables(db.kysely);
  return {
    async add({ runId, kind, target }, trx = db.kysely) {
      const row = { id: randomId(16), run_id: runId, kind, target_json: JSON.stringify(target) };
      await tables(trx)
        .insertInto('reports')
        .values({ ...row, state: 'waiting', attempts: 0, next_at: clock.now(), last_error: null })
        .onConflict((conflict) => conflict.columns(['run_id', 'kind']).doNothing())
        .execute();
    },
    async due(limit, runId) {
      const rows = await own
        .selectFrom('reports')
        .selectAll()
        .where('state', '=', 'waiting')
        .where('next_at', '<=', clock.now())
        .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
        .orderBy('next_at')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        id: row.id,
        runId: row.run_id,
        kind: row.kind,
        target: JSON.parse(row.target_json),
        attempts: row.attempts,
      }));
    },
    async done(id) {
      await own
        .updateTable('reports')
        .set({ state: 'done', last_error: null })
        .where('id', '=', id)
        .execute();
    },
    async failed(id, error, nextAt) {
      await own
        .updateTable('reports')
        .set((set) => ({
          attempts: set('attempts', '+', 1),
          last_error: error,
          ...(nextAt === null ? { state: 'given_up' as const } : { next_at: nextAt }),
        }))
        .where('id', '=', id)
        .execute();
    },
  };
}
