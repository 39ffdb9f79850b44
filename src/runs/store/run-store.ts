import type { Kysely } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import type { Db } from '../../db/open.ts';
import { type Profile, readStoredProfile } from '../../profiles/profile.ts';
import { runUnknown } from '../errors.ts';
import { joinGroup } from '../queue/groups.ts';
import { ACTIVE, lockQueues, settleQueue } from '../queue/repository-queues.ts';
import { leavePlace, lockPlace, markCancelled } from '../queue/transitions.ts';
import type { ClaimedRun, QueuedRun, Run, RunIn, RunState, TimelineEntry } from '../run.ts';
import { assertMove } from '../states.ts';
import { RUN_COLUMNS, runTables, toRun } from '../tables.ts';
import { appendTimeline, lockRun, readTimeline } from '../timeline.ts';
import { type AnyPatch, type NewRun, newRow, patchColumns, type RunPatch, resets } from './run-rows.ts';
import { addAttempt } from './start-store.ts';

/** Notifies every worker of something to look for: a run that waits, a cancel. The payload is the run's id. */
export const RUNS_CHANNEL = 'github_flows_runs';

/** One row a run, and its timeline. Any number of callers may read; moves are made by the lease's owner alone. */
export type RunStore = {
  /**
   * Queues a run, inside admission's transaction; a second run for one delivery violates a unique key. When a run keeps
   * the group busy and `onBusy` is `drop`, gives that run and writes nothing.
   */
  insert(run: NewRun, trx: Kysely<unknown>): Promise<{ busyWith: string } | undefined>;
  find(id: string): Promise<Run | undefined>;
  /** The effective profile as it was at admission. */
  profile(id: string): Promise<Profile>;
  /** Newest first. */
  list(limit: number): Promise<Run[]>;
  /** Every run that has not ended. */
  notEnded(): Promise<(QueuedRun | ClaimedRun)[]>;
  /** Runs whose workspace was kept until a time that has passed. */
  workspacesToDrop(now: number): Promise<Run[]>;
  workspaceDropped(id: string): Promise<void>;
  /** Runs whose workspace is still kept after its agent. */
  keptWorkspaces(): Promise<Run[]>;
  /** When each of these runs ended, null for one that has not; unknown ids are left out. */
  ends(ids: readonly string[]): Promise<Map<string, number | null>>;
  /** The active runs: neither queued nor ended. */
  claimed(): Promise<ClaimedRun[]>;
  /** Of these runs, those that have not ended or still keep their workspace, with its attempt. */
  workspaceOwners(ids: readonly string[]): Promise<Map<string, number>>;
  /** Makes one move and writes it into the timeline, in one transaction; undefined when the lease or the state of the row is not that of `run` any more. */
  advance<To extends RunState>(
    run: Run,
    to: To,
    patch: RunPatch[To],
    text: string,
  ): Promise<RunIn<To> | undefined>;
  /** Adds a line to the timeline. */
  note(id: string, entry: { kind: string; text: string; data?: Record<string, unknown> }): Promise<void>;
  /** The same inside the transaction that has just queued the run. */
  noteWithin(trx: Kysely<unknown>, id: string, entry: { kind: string; text: string }): Promise<void>;
  timeline(id: string, afterSeq?: number): Promise<TimelineEntry[]>;
  /** Requests that a run be cancelled, and wakes its worker; false when the run is unknown, or its agent is over already. The first reason stays. */
  requestCancel(id: string, reason: string): Promise<boolean>;
  /** Notifies every worker that this run may be claimed. */
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
      await lockQueues(trx, [run.repositoryId]);
      await runTables(trx).insertInto('runs').values(newRow(run, joined.held)).execute();
      await settleQueue(trx, run.repositoryId);
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
    async profile(id) {
      const row = await tables
        .selectFrom('runs')
        .select('profileJson')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return readStoredProfile(row.profileJson);
    },
    list: async (limit) =>
      (await selectRuns().orderBy('queuedAt', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(
        toRun,
      ),
    notEnded: async () =>
      (await selectRuns().where('state', '<>', 'ended').execute()).map(toRun<'queued' | ClaimedRun['state']>),
    workspacesToDrop: async (now) =>
      (await selectRuns().where('workspaceKeptUntil', '<=', now).execute()).map(toRun),
    async workspaceDropped(id) {
      await tables.updateTable('runs').set({ workspaceKeptUntil: null }).where('id', '=', id).execute();
    },
    keptWorkspaces: async () =>
      (await selectRuns().where('workspaceKeptUntil', 'is not', null).execute()).map(toRun),
    ends: async (ids) => await endsOf(tables, ids),
    claimed: async () => (await selectRuns().where(ACTIVE).execute()).map(toRun<ClaimedRun['state']>),
    workspaceOwners: async (ids) => await workspaceOwnersAmong(tables, ids),
    advance: (run, to, patch, text) => advance(db, clock, run, to, patch, text),
    noteWithin: async (trx, id, entry) => await appendTimeline(trx, id, clock.now(), { data: {}, ...entry }),
    note: async (id, entry) =>
      await db.transaction(async (trx) => {
        await lockRun(trx, id);
        await appendTimeline(trx, id, clock.now(), { data: {}, ...entry });
      }),
    timeline: async (id, afterSeq = 0) => await readTimeline(db.kysely, id, afterSeq),
    async requestCancel(id, reason) {
      if (!(await db.transaction(async (trx) => await markCancelled(trx, id, reason)))) return false;
      await db.notify(RUNS_CHANNEL, id);
      return true;
    },
    wakeWorkers: async (id) => await db.notify(RUNS_CHANNEL, id),
  };
}

async function advance<To extends RunState>(
  db: Db,
  clock: Clock,
  run: Run,
  to: To,
  patch: RunPatch[To],
  text: string,
): Promise<RunIn<To> | undefined> {
  assertMove(run.id, run.state, to);
  return await db.transaction(async (trx) => {
    const place = await lockPlace(trx, run, to);
    const row = await runTables(trx)
      .updateTable('runs')
      .set({ state: to as RunState, ...resets(run.state, to), ...place, ...patchColumns(patch) })
      .where('id', '=', run.id)
      .where('state', '=', run.state)
      .where('leaseOwner', run.leaseOwner === null ? 'is' : '=', run.leaseOwner)
      .returning(RUN_COLUMNS)
      .executeTakeFirst();
    if (!row) return undefined;
    await leavePlace(trx, run, to);
    if (to === 'queued' && run.startedAt !== null)
      await addAttempt(trx, {
        runId: run.id,
        startedAt: run.startedAt,
        endedAt: run.endedAt ?? clock.now(),
      });
    const { outcome }: AnyPatch = patch;
    const data = { state: to, ...(outcome ? { outcome } : {}) };
    await appendTimeline(trx, run.id, clock.now(), { kind: 'state', text, data });
    return toRun<To>(row);
  });
}

/** The run of this id. Throws `run_unknown`. */
export async function findRun({ runs }: { runs: Pick<RunStore, 'find'> }, id: string): Promise<Run> {
  // What cannot be an id need not reach the database, which takes no NUL.
  const run = /^[\w-]{1,64}$/.test(id) ? await runs.find(id) : undefined;
  if (run) return run;
  throw runUnknown(id);
}

/** Ids that one query names. */
const IDS_AT_ONCE = 500;

type Tables = ReturnType<typeof runTables>;

async function endsOf(tables: Tables, ids: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await rowsOf(tables, ids);
  return new Map(rows.map((row) => [row.id, row.state === 'ended' ? (row.endedAt ?? 0) : null]));
}

async function workspaceOwnersAmong(tables: Tables, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await rowsOf(tables, ids);
  const owners = rows.filter((row) => row.state !== 'ended' || row.workspaceKeptUntil !== null);
  return new Map(owners.map((row) => [row.id, row.attempt]));
}

async function rowsOf(tables: Tables, ids: readonly string[]) {
  const found = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE)
    found.push(
      ...(await tables
        .selectFrom('runs')
        .select(['id', 'state', 'endedAt', 'attempt', 'workspaceKeptUntil'])
        .where('id', 'in', ids.slice(from, from + IDS_AT_ONCE))
        .execute()),
    );
  return found;
}
