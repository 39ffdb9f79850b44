import type { Kysely } from 'kysely';
import type { Outcome, Run, RunState } from './run.ts';

/** The runs room's own tables; no other room writes SQL on them. */
export type RunTables = {
  runs: {
    id: string;
    delivery_id: string;
    repository: string;
    repository_id: number;
    issue_number: number | null;
    profile: string;
    profile_json: string;
    state: RunState;
    outcome: Outcome | null;
    reason_json: string | null;
    attempt: number;
    queued_at: number;
    started_at: number | null;
    ended_at: number | null;
    not_before: number;
    lease_owner: string | null;
    lease_until: number | null;
    cancel_reason: string | null;
    container_id: string | null;
    deadline_at: number | null;
    exit_code: number | null;
    final_message: string | null;
    usage_json: string | null;
    workspace_kept_until: number | null;
    worker: string | null;
    host: string | null;
    launching_at: number | null;
    lost_after: number | null;
    retries: number;
    suspicion: number;
    group_key: string | null;
    held: 0 | 1;
    head: 0 | 1;
    actor: string;
    head_sha: string | null;
    actor_id: number | null;
  };
  run_events: { run_id: string; seq: number; at: number; kind: string; text: string; data_json: string };
};

/** A connection or a transaction, with the runs room's tables. */
export function runTables(kysely: Kysely<unknown>): Kysely<RunTables> {
  return kysely.withTables<RunTables>() as unknown as Kysely<RunTables>;
}

/** Every column a Run is made from: all but the profile, which is long and rarely needed. */
export const RUN_COLUMNS = [
  'id',
  'delivery_id',
  'repository',
  'repository_id',
  'issue_number',
  'profile',
  'state',
  'outcome',
  'reason_json',
  'attempt',
  'queued_at',
  'started_at',
  'ended_at',
  'lease_owner',
  'lease_until',
  'cancel_reason',
  'container_id',
  'deadline_at',
  'exit_code',
  'final_message',
  'usage_json',
  'workspace_kept_until',
  'worker',
  'host',
  'launching_at',
  'lost_after',
  'retries',
  'suspicion',
  'group_key',
  'actor',
  'head_sha',
  'actor_id',
] as const;

/** One row as a Run. */
export function toRun(row: Omit<RunTables['runs'], 'profile_json' | 'not_before' | 'held' | 'head'>): Run {
  return {
    id: row.id,
    deliveryId: row.delivery_id,
    repository: row.repository,
    repositoryId: Number(row.repository_id),
    issueNumber: row.issue_number,
    profile: row.profile,
    state: row.state,
    outcome: row.outcome,
    reason: row.reason_json === null ? null : JSON.parse(row.reason_json),
    attempt: row.attempt,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    leaseOwner: row.lease_owner,
    leaseUntil: row.lease_until,
    cancelReason: row.cancel_reason,
    containerId: row.container_id,
    deadlineAt: row.deadline_at,
    exitCode: row.exit_code,
    finalMessage: row.final_message,
    usage: row.usage_json === null ? null : JSON.parse(row.usage_json),
    workspaceKeptUntil: row.workspace_kept_until,
    worker: row.worker,
    host: row.host,
    launchingAt: row.launching_at,
    lostAfter: row.lost_after,
    retries: row.retries,
    suspicion: row.suspicion,
    actor: row.actor === '' ? null : row.actor,
    headSha: row.head_sha,
    actorId: row.actor_id === null ? null : Number(row.actor_id),
    groupKey: row.group_key,
  };
}
