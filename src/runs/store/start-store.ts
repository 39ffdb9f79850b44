import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import { randomId } from '../../base/ids.ts';
import { lockFor, tablesOf } from '../../db/database.ts';
import type { RunTables } from '../tables.ts';

/** One start of a run: who asked for it where, and the most time it may take. A retry by comment is a start too. */
export type Start = {
  runId: string;
  at: number;
  repository: string;
  /** The issue or pull request, or null. */
  thread: number | null;
  /** The login, compared without case. */
  actor: string;
  /** GitHub's id of the account; null when the event did not say. */
  actorId: number | null;
  profile: string;
  /** Started by a bot, by an account that the service itself speaks as, or by what a run has pushed. */
  byBot: boolean;
  /** What starts by bots without a thread are counted by: a branch, else a commit, else nothing; or `OWN_WORK`. Null otherwise. */
  place: string | null;
  reservedMs: number;
};

/** The place of everything that runs push themselves, whose branches are new each time; git has no branch of this name. */
export const OWN_WORK = ':own';

/** Whose starts are counted. */
export type StartScope =
  | { kind: 'repository' | 'profile'; key: string }
  | { kind: 'actor'; key: string; id: number | null };

/** What was started since a moment: how often, and the milliseconds that it took or may still take. */
export type StartCount = { runs: number; ms: number };

type StartTables = Pick<RunTables, 'runs'> & {
  pushes: { repositoryId: number; branch: string; commitId: string };
  runStarts: {
    id: string;
    runId: string;
    at: number;
    repository: string;
    thread: number | null;
    actor: string;
    actorId: number | null;
    profile: string;
    machine: number;
    place: string | null;
    reservedMs: number;
    usedMs: number | null;
  };
};

const tables = (trx: Kysely<unknown>): Kysely<StartTables> => tablesOf<StartTables>(trx);

/** Until the end of the transaction nobody else counts or records starts. */
export async function lockStarts(trx: Kysely<unknown>): Promise<void> {
  await lockFor(trx, 'starts');
}

/** Counts starts since `since` (milliseconds since 1970); a run that has not ended counts with all the time that it may take. */
export async function countStarts(
  trx: Kysely<unknown>,
  scope: StartScope,
  since: number,
): Promise<StartCount> {
  const spent = sql<number>`COALESCE(run_starts.used_ms, 0) + CASE
    WHEN run_starts.reserved_ms = 0 THEN 0
    WHEN runs.state <> 'ended' THEN run_starts.reserved_ms
    WHEN runs.started_at IS NULL OR runs.ended_at IS NULL THEN 0
    ELSE runs.ended_at - runs.started_at END`;
  const row = await tables(trx)
    .selectFrom('runStarts')
    .innerJoin('runs', 'runs.id', 'runStarts.runId')
    .select((select) => [select.fn.countAll<number>().as('runs'), select.fn.sum<number>(spent).as('ms')])
    .where((where) => whose(where, scope))
    .where('runStarts.at', '>=', since)
    .executeTakeFirstOrThrow();
  return { runs: row.runs, ms: Math.max(0, row.ms ?? 0) };
}

/** An account is known by its id; where one is missing, by its login. */
function whose(where: ExpressionBuilder<StartTables, 'runStarts'>, scope: StartScope) {
  if (scope.kind !== 'actor') return where(`runStarts.${scope.kind}`, '=', scope.key);
  const byLogin = where('runStarts.actor', '=', scope.key.toLowerCase());
  if (scope.id === null) return byLogin;
  const isOlder = where.and([byLogin, where('runStarts.actorId', 'is', null)]);
  return where.or([where('runStarts.actorId', '=', scope.id), isOlder]);
}

/** How many runs bots started since `since` where this one would: on its thread, or without one of its profile in its place. */
export async function countBotStarts(
  trx: Kysely<unknown>,
  { repository, thread, profile, place }: Pick<Start, 'repository' | 'thread' | 'profile' | 'place'>,
  since: number,
): Promise<number> {
  const row = await tables(trx)
    .selectFrom('runStarts')
    .select((select) => select.fn.countAll<number>().as('runs'))
    .where('repository', '=', repository)
    .where('at', '>=', since)
    .where((where) =>
      thread === null
        ? where.and([where('thread', 'is', null), where('profile', '=', profile), where('place', '=', place)])
        : where('thread', '=', thread),
    )
    .where('machine', '=', 1)
    .executeTakeFirstOrThrow();
  return row.runs;
}

/** Whether the service pushed a commit of a repository, or a branch is the one that a run of it was given (`github-flows/<run>`). */
export async function isPushedByRun(
  kysely: Kysely<unknown>,
  head: { repositoryId: number; branch: string | undefined; commit: string | undefined },
): Promise<boolean> {
  const { repositoryId, branch = '', commit = '' } = head;
  const [, runId = ''] = /^github-flows\/(.+)$/.exec(branch) ?? [];
  const run = tables(kysely)
    .selectFrom('runs')
    .select('id')
    .where('id', '=', runId)
    .where('repositoryId', '=', repositoryId);
  if (runId !== '' && (await run.executeTakeFirst())) return true;
  const push = tables(kysely)
    .selectFrom('pushes')
    .select('branch')
    .where('repositoryId', '=', repositoryId)
    .where('commitId', '=', commit);
  return commit !== '' && (await push.executeTakeFirst()) !== undefined;
}

/** When the start was recorded that has this id (milliseconds since 1970), or undefined. */
export async function findStart(trx: Kysely<unknown>, id: string): Promise<number | undefined> {
  const row = await tables(trx).selectFrom('runStarts').select('at').where('id', '=', id).executeTakeFirst();
  return row?.at;
}

/** Adds the time of an attempt that is not the last one, from start to end (milliseconds since 1970), to what its run has used; a start that came after it has its own account. */
export async function addAttempt(
  trx: Kysely<unknown>,
  { runId, startedAt, endedAt }: { runId: string; startedAt: number; endedAt: number },
): Promise<void> {
  const ms = Math.max(0, endedAt - startedAt);
  await tables(trx)
    .updateTable('runStarts')
    .set({ usedMs: sql<number>`COALESCE(used_ms, 0) + ${sql.lit(ms)}` })
    .where('runId', '=', runId)
    .where('reservedMs', '>', 0)
    .where('at', '<=', startedAt)
    .execute();
}

/** Records one start; the run's earlier starts keep the time that they used and reserve none any more. */
export async function recordStart(trx: Kysely<unknown>, start: Start, id = randomId(16)): Promise<void> {
  await tables(trx)
    .updateTable('runStarts')
    .set({
      usedMs: sql<number>`COALESCE(used_ms, 0) + (SELECT CASE WHEN started_at IS NULL OR ended_at IS NULL THEN 0
        ELSE ended_at - started_at END FROM runs WHERE runs.id = ${start.runId})`,
      reservedMs: 0,
    })
    .where('runId', '=', start.runId)
    .where('reservedMs', '>', 0)
    .execute();
  await tables(trx)
    .insertInto('runStarts')
    .values({
      id,
      runId: start.runId,
      at: start.at,
      repository: start.repository,
      thread: start.thread,
      actor: start.actor.toLowerCase(),
      actorId: start.actorId,
      profile: start.profile,
      machine: start.byBot ? 1 : 0,
      place: start.place,
      reservedMs: start.reservedMs,
      usedMs: null,
    })
    .execute();
}
