import { type Kysely, type RawBuilder, sql } from 'kysely';
import { runTables } from '../tables.ts';
import { ACTIVE, HEAD, lockQueues, READY, settleQueue } from './repository-queues.ts';

/** How many runs are worked on at once, over all workers, of one repository and of one actor; undefined is no limit. */
export type ConcurrencyLimits = { perRepository: number | undefined; perActor: number | undefined };

type Candidate = { id: string; repositoryId: number; actor: string; queuedAt: number };

/** The active runs by repository, and the actors who may have no more. */
type Active = { repositories: ReadonlyMap<number, number>; fullActors: readonly string[] };

/** Ready runs of a repository queue that are looked at one by one, before its actors are; and how many of those. */
const RUNS_LOOKED_AT = 200;
const ACTORS_LOOKED_AT = 200;

/**
 * The run whose turn it is: of the repositories with room, those with the fewest active runs come first, and among
 * these the oldest run whose actor has room. Reads the heads of the queues, never a whole queue: past the heads of
 * repositories that have active runs, of which there are no more than active runs.
 */
export async function pickRun(
  trx: Kysely<unknown>,
  ceilings: ConcurrencyLimits,
): Promise<Candidate | undefined> {
  const active = await countActive(trx, ceilings);
  return (
    (await pickIdle(trx, active)) ??
    (await pickBusy(trx, active, ceilings)) ??
    (await pickHeadless(trx, active))
  );
}

async function countActive(trx: Kysely<unknown>, { perActor }: ConcurrencyLimits): Promise<Active> {
  const rows = await runTables(trx)
    .selectFrom('runs')
    .select((select) => ['repositoryId', 'actor', select.fn.countAll<number>().as('count')])
    .where(ACTIVE)
    .groupBy(['repositoryId', 'actor'])
    .execute();
  const repositories = new Map<number, number>();
  const actors = new Map<string, number>();
  for (const { repositoryId, actor, count } of rows) {
    repositories.set(repositoryId, (repositories.get(repositoryId) ?? 0) + count);
    if (actor !== '') actors.set(actor, (actors.get(actor) ?? 0) + count);
  }
  const isFull = (count: number): boolean => perActor !== undefined && count >= perActor;
  return {
    repositories,
    fullActors: [...actors].filter(([, count]) => isFull(count)).map(([actor]) => actor),
  };
}

/** From a repository without an active run. */
async function pickIdle(trx: Kysely<unknown>, active: Active): Promise<Candidate | undefined> {
  const busy = [...active.repositories.keys()];
  const head = await headsWithRoom(trx, active.fullActors)
    .$if(busy.length > 0, (query) => query.where('repositoryId', 'not in', busy))
    .limit(1)
    .executeTakeFirst();
  return head && (await firstWithRoom(trx, head, active.fullActors));
}

/** From the repository with the fewest active runs that may have one more. */
async function pickBusy(
  trx: Kysely<unknown>,
  { repositories, fullActors }: Active,
  { perRepository = Number.POSITIVE_INFINITY }: ConcurrencyLimits,
): Promise<Candidate | undefined> {
  const open = [...repositories].filter(([, count]) => count < perRepository).map(([id]) => id);
  if (open.length === 0) return undefined;
  const heads = await headsWithRoom(trx, fullActors).where('repositoryId', 'in', open).execute();
  const activeRuns = ({ repositoryId }: Candidate): number => repositories.get(repositoryId) ?? 0;
  // The heads come oldest first, and sorting keeps that order among equals.
  const [head] = heads.sort((a, b) => activeRuns(a) - activeRuns(b));
  return head && (await firstWithRoom(trx, head, fullActors));
}

/** Gives a head, for the next claim, to each repository queue without one. Only a change by hand in the database can cause that. */
async function pickHeadless(trx: Kysely<unknown>, active: Active): Promise<undefined> {
  const head = await headsOf(trx).limit(1).executeTakeFirst();
  if (head) return;
  const ready = await runTables(trx)
    .selectFrom('runs')
    .select('repositoryId')
    .where(READY)
    .limit(1)
    .execute();
  for (const { repositoryId } of ready)
    if (!active.repositories.has(repositoryId)) {
      await lockQueues(trx, [repositoryId]);
      await settleQueue(trx, repositoryId);
    }
}

/** The heads of the queues, oldest first; no other condition on the row, or databases read the whole queue in its order. */
function headsOf(trx: Kysely<unknown>) {
  return runTables(trx)
    .selectFrom('runs')
    .select(['id', 'repositoryId', 'actor', 'queuedAt'])
    .where(HEAD)
    .orderBy('queuedAt')
    .orderBy('id');
}

/** Of the heads, those in whose queue somebody has room: the head's own actor, or one of those who wait behind. */
function headsWithRoom(trx: Kysely<unknown>, fullActors: readonly string[]) {
  const heads = headsOf(trx);
  if (fullActors.length === 0) return heads;
  return heads.where((where) => where.or([where('actor', 'not in', fullActors), waitsBehind(fullActors)]));
}

/** Whether anybody but `fullActors` has ready runs in the repository queue of a head, found by jumping from one actor to the next: no more jumps than there are full actors. */
function waitsBehind(fullActors: readonly string[]): RawBuilder<boolean> {
  const inQueue = sql`queued.repository_id = runs.repository_id AND ${READY}`;
  return sql<boolean>`EXISTS (
    WITH RECURSIVE actors (actor) AS (
      SELECT (SELECT min(queued.actor) FROM runs AS queued WHERE ${inQueue})
      UNION ALL
      SELECT (SELECT min(queued.actor) FROM runs AS queued WHERE ${inQueue} AND queued.actor > actors.actor)
      FROM actors WHERE actors.actor IN (${sql.join(fullActors)})
    )
    SELECT 1 FROM actors WHERE actor NOT IN (${sql.join(fullActors)}))`;
}

/** The head, or the oldest run of its repository queue whose actor has room. */
async function firstWithRoom(
  trx: Kysely<unknown>,
  head: Candidate,
  fullActors: readonly string[],
): Promise<Candidate | undefined> {
  if (!fullActors.includes(head.actor)) return head;
  return await firstOfOthers(trx, head.repositoryId, fullActors);
}

async function firstOfOthers(
  trx: Kysely<unknown>,
  repositoryId: number,
  fullActors: readonly string[],
): Promise<Candidate | undefined> {
  const queued = runTables(trx)
    .selectFrom('runs')
    .select(['id', 'repositoryId', 'actor', 'queuedAt'])
    .where('repositoryId', '=', repositoryId)
    .where(READY)
    .orderBy('queuedAt')
    .orderBy('id');
  const near = (await queued.limit(RUNS_LOOKED_AT).execute()).find(
    ({ actor }) => !fullActors.includes(actor),
  );
  if (near) return near;
  return await firstOfActors(trx, repositoryId, fullActors);
}

/** The oldest among the first runs of each of a repository queue's actors, who are read by jumping from one to the next. */
async function firstOfActors(
  trx: Kysely<unknown>,
  repositoryId: number,
  fullActors: readonly string[],
): Promise<Candidate | undefined> {
  const inQueue = sql`queued.repository_id = ${repositoryId} AND ${READY}`;
  const { rows } = await sql<Candidate>`
    WITH RECURSIVE actors (actor) AS (
      SELECT min(queued.actor) FROM runs AS queued WHERE ${inQueue}
      UNION ALL
      SELECT (SELECT min(queued.actor) FROM runs AS queued WHERE ${inQueue} AND queued.actor > actors.actor)
      FROM actors WHERE actors.actor IS NOT NULL
    ), firsts (id) AS (
      SELECT (SELECT queued.id FROM runs AS queued WHERE ${inQueue} AND queued.actor = actors.actor
        ORDER BY queued.queued_at, queued.id LIMIT 1)
      FROM actors WHERE actors.actor NOT IN (${sql.join(fullActors)}) LIMIT ${sql.lit(ACTORS_LOOKED_AT)}
    )
    SELECT id, repository_id, actor, queued_at FROM runs WHERE id IN (SELECT id FROM firsts)
    ORDER BY queued_at, id LIMIT 1`.execute(trx);
  return rows[0];
}
