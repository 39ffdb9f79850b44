import type { Kysely } from 'kysely';
import { tablesOf } from '../db/database.ts';
import type { Outcome, RunIn, RunState } from './run.ts';

/** The runs room's own tables; no other room writes SQL on them. */
export type RunTables = {
  runs: {
    id: string;
    deliveryId: string;
    repository: string;
    repositoryId: number;
    issueNumber: number | null;
    profile: string;
    profileJson: string;
    state: RunState;
    outcome: Outcome | null;
    reasonJson: string | null;
    attempt: number;
    queuedAt: number;
    startedAt: number | null;
    endedAt: number | null;
    notBefore: number;
    leaseOwner: string | null;
    leaseUntil: number | null;
    cancelReason: string | null;
    containerId: string | null;
    deadlineAt: number | null;
    exitCode: number | null;
    finalMessage: string | null;
    usageJson: string | null;
    workspaceKeptUntil: number | null;
    worker: string | null;
    host: string | null;
    launchingAt: number | null;
    lostAfter: number | null;
    limitsJson: string | null;
    retries: number;
    suspicion: number;
    groupKey: string | null;
    held: 0 | 1;
    head: 0 | 1;
    actor: string;
    headSha: string | null;
    actorId: number | null;
  };
  runEvents: { runId: string; seq: number; at: number; kind: string; text: string; dataJson: string };
};

/** A connection or a transaction, with the runs room's tables. */
export function runTables(kysely: Kysely<unknown>): Kysely<RunTables> {
  return tablesOf<RunTables>(kysely);
}

/** Every column a Run is made from: all but the profile, which is long and rarely needed. */
export const RUN_COLUMNS = [
  'id',
  'deliveryId',
  'repository',
  'repositoryId',
  'issueNumber',
  'profile',
  'state',
  'outcome',
  'reasonJson',
  'attempt',
  'queuedAt',
  'startedAt',
  'endedAt',
  'leaseOwner',
  'leaseUntil',
  'cancelReason',
  'containerId',
  'deadlineAt',
  'exitCode',
  'finalMessage',
  'usageJson',
  'workspaceKeptUntil',
  'worker',
  'host',
  'launchingAt',
  'limitsJson',
  'retries',
  'suspicion',
  'groupKey',
  'actor',
  'headSha',
  'actorId',
] as const;

/** One row as a run. What a state has and has not is the work of the moves (states.ts), which set and reset the columns; the caller names the states that its query can give. */
export function toRun<State extends RunState = RunState>({
  reasonJson,
  usageJson,
  limitsJson,
  actor,
  ...row
}: Pick<RunTables['runs'], (typeof RUN_COLUMNS)[number]>): RunIn<State> {
  return {
    ...row,
    actor: actor === '' ? null : actor,
    reason: reasonJson === null ? null : JSON.parse(reasonJson),
    usage: usageJson === null ? null : JSON.parse(usageJson),
    limits: limitsJson === null ? null : JSON.parse(limitsJson),
  } as RunIn<State>;
}
