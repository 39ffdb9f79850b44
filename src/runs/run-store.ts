import type { Kysely } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Db } from '../db/open.ts';
import { endsOf } from './ends.ts';
import { joinGroup, type RunGroup } from './groups.ts';
import { lockLanes, settleLane } from './lanes.ts';
import { callOff, leavePlace, lockPlace } from './place.ts';
import type { EndReason, Outcome, Run, RunState, TimelineEntry, TokenUsage } from './run.ts';
import { assertMove } from './states.ts';
import { RUN_COLUMNS, type RunTables, runTables, toRun } from './tables.ts';
import { appendTimeline, holdRun, readTimeline } from './timeline.ts';

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
  /** Gives the lease back. */
  release?: boolean;
};

/** What is told to every worker when there is something to look for: a run that waits, a cancel. The payload is the run's id. */
export const RUNS_CHANNEL = 'github_flows_runs';

/** A run as admission makes it: the effective profile is saved with it, for ever. */
export type NewRun = Pick<
  Run,
  'id' | 'deliveryId' | 'repository' | 'repositoryId' | 'issueNumber' | 'profile' | 'queuedAt'
> & {
  profileJson: string;
  actor: string | null;
  group: RunGroup | null;
};

/** One row a run, and its timeline. Any number of callers may read; moves are made by the lease's owner alone. */
export type RunStore = {
  /**
   * Puts a run into the queue, inside admission's transaction; a second run for one delivery violates a unique key.
   * Its group decides too: what is given back is the run that keeps the group busy, and then nothing was written.
   */
  insert(run: NewRun, trx: Kysely<unknown>): Promise<{ busyWith: string } | undefined>;
  find(id: string): Promise<Run | undefined>;
  /** The effective profile as it was at admission, JSON. */
  profileJson(id: string): Promise<string>;
  /** Newest first. */
  list(limit: number): Promise<Run[]>;
  /** Every run that has not ended. */
  living(): Promise<Run[]>;
  /** Runs whose workspace was kept until a time that has passed. */
  workspacesToDrop(now: number): Promise<Run[]>;
  workspaceDropped(id: string): Promise<void>;
  /** Ended runs whose workspace is still kept. */
  keptWorkspaces(): Promise<Run[]>;
  /** When each of these runs ended, null for one that lives; unknown ids are left out. */
  ends(ids: readonly string[]): Promise<Map<string, number | null>>;
  /** Every workspace that a living run uses or an ended one still keeps: run ids, and whose attempt's it is. */
  workspaceOwners(): Promise<Map<string, number>>;
  /** Makes one move and writes it into the timeline, both or neither; false when the row is not the owner's any more or has moved on. */
  advance(run: Run, to: RunState, patch: RunPatch, text: string): Promise<boolean>;
  /** Adds a line to the timeline. */
  note(id: string, entry: { kind: string; text: string; data?: Record<string, unknown> }): Promise<void>;
  timeline(id: string, afterSeq?: number): Promise<TimelineEntry[]>;
  /** Asks for a run to be called off, and wakes whoever works on it; false when it is unknown, or its agent is over already. The first reason stays. */
  requestCancel(id: string, reason: string): Promise<boolean>;
  /** Tells every worker that this run may wait to be claimed. */
  wakeWorkers(id: string): Promise<void>;
};

/** The store over an open database. */
export function createRunStore(db: Db, clock: Clock): RunStore {
  const tables = runTables(db.kysely);
  const selectRuns = () => tables.selectFrom('runs').select(RUN_COLUMNS);
  return {
    async insert(run, trx) {
      const joined = run.group ? await joinGroup(trx, run.group, run.id) : { held: 0 as const };
      if ('busyWith' in joined) return joined;
      await lockLanes(trx, [run.repositoryId]);
      await runTables(trx).insertInto('runs').values(newRow(run, joined.held)).execute();
      await settleLane(trx, run.repositoryId);
      await appendTimeline(trx, run.id, clock.now(), {
        kind: 'state',
        text: `Queued for profile ${run.profile}.`,
        data: { state: 'queued' },
      });
      return undefined;
    },
    async find(id) {
      const row = await selectRuns().where('id', '=', id).executeTakeFirst();
      return row && toRun(row);
    },
    async profileJson(id) {
      const row = await tables
        .selectFrom('runs')
        .select('profile_json')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return row.profile_json;
    },
    list: async (limit) =>
      (await selectRuns().orderBy('queued_at', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(
        toRun,
      ),
    living: async () => (await selectRuns().where('state', '<>', 'ended').execute()).map(toRun),
    workspacesToDrop: async (now) =>
      (await selectRuns().where('workspace_kept_until', '<=', now).execute()).map(toRun),
    async workspaceDropped(id) {
      await tables.updateTable('runs').set({ workspace_kept_until: null }).where('id', '=', id).execute();
    },
    keptWorkspaces: async () =>
      (await selectRuns().where('workspace_kept_until', 'is not', null).execute()).map(toRun),
    ends: async (ids) => await endsOf(tables, ids),
    async workspaceOwners() {
      const rows = await tables
        .selectFrom('runs')
        .select(['id', 'attempt'])
        .where((where) =>
          where.or([where('state', '<>', 'ended'), where('workspace_kept_until', 'is not', null)]),
        )
        .execute();
      return new Map(rows.map((row) => [row.id, row.attempt]));
    },
    advance: (run, to, patch, text) => advance(db, clock, run, to, patch, text),
    note: async (id, entry) =>
      await db.transaction(async (trx) => {
        await holdRun(trx, id);
        await appendTimeline(trx, id, clock.now(), { data: {}, ...entry });
      }),
    timeline: async (id, afterSeq = 0) => await readTimeline(db.kysely, id, afterSeq),
    async requestCancel(id, reason) {
      if (!(await db.transaction(async (trx) => await callOff(trx, id, reason)))) return false;
      await db.notify(RUNS_CHANNEL, id);
      return true;
    },
    wakeWorkers: async (id) => await db.notify(RUNS_CHANNEL, id),
  };
}

async function advance(
  db: Db,
  clock: Clock,
  run: Run,
  to: RunState,
  patch: RunPatch,
  text: string,
): Promise<boolean> {
  assertMove(run.id, run.state, to);
  return await db.transaction(async (trx) => {
    const place = await lockPlace(trx, run, to);
    const result = await runTables(trx)
      .updateTable('runs')
      .set({ state: to, ...resets(run.state, to), ...place, ...patchColumns(patch) })
      .where('id', '=', run.id)
      .where('state', '=', run.state)
      .where('lease_owner', run.leaseOwner === null ? 'is' : '=', run.leaseOwner)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return false;
    await leavePlace(trx, run, to);
    const data = { state: to, ...(patch.outcome ? { outcome: patch.outcome } : {}) };
    await appendTimeline(trx, run.id, clock.now(), { kind: 'state', text, data });
    return true;
  });
}

/** What a run that waits again has no more; one that had ended was called off for that end alone. */
function resets(from: RunState, to: RunState): Partial<RunTables['runs']> {
  if (to !== 'queued') return {};
  return from === 'ended' ? { ...UNSTARTED, cancel_reason: null } : UNSTARTED;
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

function patchColumns(patch: RunPatch): Partial<RunTables['runs']> {
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
  };
  return patch.release ? { ...columns, lease_owner: null, lease_until: null } : columns;
}

function newRow(run: NewRun, held: 0 | 1): RunTables['runs'] {
  return {
    id: run.id,
    delivery_id: run.deliveryId,
    repository: run.repository,
    repository_id: run.repositoryId,
    issue_number: run.issueNumber,
    profile: run.profile,
    profile_json: run.profileJson,
    state: 'queued',
    outcome: null,
    reason_json: null,
    attempt: 0,
    queued_at: run.queuedAt,
    started_at: null,
    ended_at: null,
    not_before: 0,
    lease_owner: null,
    lease_until: null,
    cancel_reason: null,
    container_id: null,
    deadline_at: null,
    exit_code: null,
    final_message: null,
    usage_json: null,
    workspace_kept_until: null,
    worker: null,
    host: null,
    launching_at: null,
    lost_after: null,
    retries: 0,
    group_key: run.group?.key ?? null,
    held,
    head: 0,
    actor: run.actor ?? '',
  };
}
