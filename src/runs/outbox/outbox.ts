import { readStoredProfile } from '../../profiles/stored-profile.ts';
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
    runId: string | null;
    profileJson: string | null;
    targetJson: string;
    contentJson: string;
    remoteId: number | null;
    said: string | null;
    state: 'waiting' | 'done' | 'given_up';
    attempts: number;
    madeAt: number;
    nextAt: number;
    takenUntil: number;
    lastError: string | null;
  };
};

/** One row as a report. */
export function toReport({ targetJson, contentJson, profileJson, ...row }: SayingTables['sayings']): Report {
  return {
    ...row,
    profile: profileJson === null ? null : readStoredProfile(profileJson),
    target: JSON.parse(targetJson),
    content: JSON.parse(contentJson),
  };
}
