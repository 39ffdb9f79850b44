import type { EndReason, Outcome, RunState, TokenUsage } from '../run.ts';
import type { RunTables } from '../tables.ts';

/** What a move may set besides the state; times in milliseconds since 1970. */
export type RunPatch = {
  attempt?: number;
  startedAt?: number;
  endedAt?: number;
  notBefore?: number;
  containerId?: string | null;
  deadlineAt?: number;
  outcome?: Outcome;
  reason?: EndReason | null;
  exitCode?: number | null;
  finalMessage?: string | null;
  usage?: TokenUsage | null;
  workspaceKeptUntil?: number | null;
  retries?: number;
  /** Who has it started now. */
  actor?: string;
  actorId?: number | null;
  /** Gives the lease back. */
  release?: boolean;
};

/** What a run that waits again has no more (one that had ended was called off for that end alone), and any other move makes good. */
export function resets(from: RunState, to: RunState): Partial<RunTables['runs']> {
  if (to !== 'queued') return { suspicion: 0 };
  return from === 'ended' ? { ...UNSTARTED, cancel_reason: null, suspicion: 0 } : UNSTARTED;
}

const UNSTARTED = {
  worker: null,
  host: null,
  launching_at: null,
  lost_after: null,
  container_id: null,
  deadline_at: null,
  started_at: null,
  ended_at: null,
  outcome: null,
  reason_json: null,
  exit_code: null,
  final_message: null,
  usage_json: null,
  workspace_kept_until: null,
} as const;

/** The columns that a patch names. */
export function patchColumns(patch: RunPatch): Partial<RunTables['runs']> {
  const columns: Partial<RunTables['runs']> = {
    ...(patch.attempt === undefined ? {} : { attempt: patch.attempt }),
    ...(patch.startedAt === undefined ? {} : { started_at: patch.startedAt }),
    ...(patch.endedAt === undefined ? {} : { ended_at: patch.endedAt }),
    ...(patch.notBefore === undefined ? {} : { not_before: Math.ceil(patch.notBefore) }),
    ...(patch.containerId === undefined ? {} : { container_id: patch.containerId }),
    ...(patch.deadlineAt === undefined ? {} : { deadline_at: patch.deadlineAt }),
    ...(patch.outcome === undefined ? {} : { outcome: patch.outcome }),
    ...(patch.reason === undefined ? {} : { reason_json: patch.reason && JSON.stringify(patch.reason) }),
    ...(patch.exitCode === undefined ? {} : { exit_code: patch.exitCode }),
    ...(patch.finalMessage === undefined ? {} : { final_message: patch.finalMessage }),
    ...(patch.usage === undefined ? {} : { usage_json: patch.usage && JSON.stringify(patch.usage) }),
    ...(patch.workspaceKeptUntil === undefined ? {} : { workspace_kept_until: patch.workspaceKeptUntil }),
    ...(patch.retries === undefined ? {} : { retries: patch.retries }),
    ...(patch.actor === undefined ? {} : { actor: patch.actor, actor_id: patch.actorId ?? null }),
  };
  return patch.release ? { ...columns, lease_owner: null, lease_until: null } : columns;
}
