import type { RunTables } from '../tables.ts';
import type { Report, ReportKind } from './report.ts';

/** Kinds that live as long as their run and are updated in place. */
export const LIVE_KINDS: ReportKind[] = ['status', 'check'];

/** What is to be said, row by row; the columns are explained in the migration. */
export type SayingTables = Pick<RunTables, 'runs'> & {
  sayings: {
    id: string;
    key: string;
    kind: ReportKind;
    run_id: string | null;
    profile_json: string | null;
    target_json: string;
    content_json: string;
    remote_id: number | null;
    said: string | null;
    state: 'waiting' | 'done' | 'given_up';
    attempts: number;
    made_at: number;
    next_at: number;
    taken_until: number;
    last_error: string | null;
  };
};

/** One row as a report. */
export function toReport(row: SayingTables['sayings']): Report {
  return {
    id: row.id,
    key: row.key,
    kind: row.kind,
    runId: row.run_id,
    profileJson: row.profile_json,
    target: JSON.parse(row.target_json),
    content: JSON.parse(row.content_json),
    remoteId: row.remote_id,
    said: row.said,
    attempts: row.attempts,
  };
}
