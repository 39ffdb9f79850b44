import { type Kysely, sql } from 'kysely';
import { ACTIVE, HEAD, lockLanes, READY, settleLane } from './lanes.ts';
import { runTables } from './tables.ts';

/** How many runs are worked on at once, over all workers, of one repository and of one actor; undefined is no limit. */
export type Ceilings = { perRepository: number | undefined; perActor: number | undefined };

type Candidate = { id: string; repository_id: number; actor: string; queued_at: number };

/** Who works already: runs by repository, and the actors who may have no more. */
type Active = { repositories: ReadonlyMap<number, number>; fullActors: readonly string[] };

/** Repositories whose oldest run must wait for its actor, in which one claim looks for the run of another. */
const LANES_LOOKED_INTO = 50;

/** Ready runs of a lane that are looked at one by one, before its actors are; and how many of those. */
const RUNS_LOOKED_AT = 200;
const ACTORS_LOOKED_AT = 50;

/**
 * The run whose turn it is: of the repositories with room, those with the fewest living runs come first, and among
 * these the oldest run whose actor has room. Reads the heads of the lanes, never the queue: past the heads of
 * repositories that have living runs, of which there are no more than living runs.
 */
export async function pickRun(trx: Kysely<unknown>, ceilings: Ceilings): Promise<Candidate | undefined> {
  const active = await countActive(trx, ceilings);
  return (
    (await pickIdle(trx, active)) ??
    (await pickBusy(trx, active, ceilings)) ??
    (await pickForgotten(trx, active))
  );
}

async function countActive(trx: Kysely<unknown>, { perActor }: Ceilings): Promise<Active> {
  const rows = await runTables(trx)
    .selectFrom('runs')
    .select((select) => ['repository_id', 'actor', select.fn.countAll<number>().as('count')])
    .where(ACTIVE)
    .groupBy(['repository_id', 'actor'])
    .execute();
  const repositories = new Map<number, number>();
  const actors = new Map<string, number>();
  for (const { repository_id, actor, count } of rows) {
    repositories.set(repository_id, (repositories.get(repository_id) ?? 0) + count);
    if (actor !== '') actors.set(actor, (actors.get(actor) ?? 0) + count);
  }
  const isFull = (count: number): boolean => perActor !== undefined && count >= perActor;
  return {
    repositories,
    fullActors: [...actors].filter(([, count]) => isFull(count)).map(([actor]) => actor),
  };
}

/** From a repository without a living run. */
async function pickIdle(trx: Kysely<unknown>, active: Active): Promise<Candidate | undefined> {
  const busy = [...active.repositories.keys()];
  const heads = headsOf(trx).$if(busy.length > 0, (query) => query.where('repository_id', 'not in', busy));
  const { fullActors } = active;
  if (fullActors.length === 0) return await heads.limit(1).executeTakeFirst();
  const free = await heads.where('actor', 'not in', fullActors).limit(1).executeTakeFirst();
  if (free) return free;
  const waiting = await heads.where('actor', 'in', fullActors).limit(LANES_LOOKED_INTO).execute();
  return await firstInLanes(trx, waiting, fullActors);
}

/** From the repository with the fewest living runs that may have one more. */
async function pickBusy(
  trx: Kysely<unknown>,
  { repositories, fullActors }: Active,
  { perRepository = Number.POSITIVE_INFINITY }: Ceilings,
): Promise<Candidate | undefined> {
  const open = [...repositories].filter(([, count]) => count < perRepository).map(([id]) => id);
  if (open.length === 0) return undefined;
  const heads = await headsOf(trx).where('repository_id', 'in', open).execute();
  const living = ({ repository_id }: Candidate): number => repositories.get(repository_id) ?? 0;
  // The heads come oldest first, and sorting keeps that order among equals.
  return await firstInLanes(
    trx,
    heads.sort((a, b) => living(a) - living(b)),
    fullActors,
  );
}

/** From a lane without a head, which only a change made elsewhere by hand can leave: it gets one, for the next claim. */
async function pickForgotten(trx: Kysely<unknown>, active: Active): Promise<undefined> {
  const head = await headsOf(trx).limit(1).executeTakeFirst();
  if (head) return;
  const ready = await runTables(trx)
    .selectFrom('runs')
    .select('repository_id')
    .where(READY)
    .limit(1)
    .execute();
  for (const { repository_id } of ready)
    if (!active.repositories.has(repository_id)) {
      await lockLanes(trx, [repository_id]);
      await settleLane(trx, repository_id);
    }
}

/** The heads of the lanes, oldest first; no other condition on the row, or databases read the whole queue in its order. */
function headsOf(trx: Kysely<unknown>) {
  return runTables(trx)
    .selectFrom('runs')
    .select(['id', 'repository_id', 'actor', 'queued_at'])
    .where(HEAD)
    .orderBy('queued_at')
    .orderBy('id');
}

/** The first head whose actor has room, or the oldest run with room behind a head without. */
async function firstInLanes(
  trx: Kysely<unknown>,
  heads: readonly Candidate[],
  fullActors: readonly string[],
): Promise<Candidate | undefined> {
  for (const head of heads) {
    if (!fullActors.includes(head.actor)) return head;
    const behind = await firstOfOthers(trx, head.repository_id, fullActors);
    if (behind) return behind;
  }
  return undefined;
}

async function firstOfOthers(
  trx: Kysely<unknown>,
  repositoryId: number,
  fullActors: readonly string[],
): Promise<Candidate | undefined> {
  const lane = runTables(trx)
    .selectFrom('runs')
    .select(['id', 'repository_id', 'actor', 'queued_at'])
    .where('repository_id', '=', repositoryId)
    .where(READY)
    .orderBy('queued_at')
    .orderBy('id');
  const near = (await lane.limit(RUNS_LOOKED_AT).execute()).find(({ actor }) => !fullActors.includes(actor));
  if (near) return near;
  const firsts: Candidate[] = [];
  for (const actor of await actorsOf(trx, repositoryId, ACTORS_LOOKED_AT + fullActors.length))
    if (!fullActors.includes(actor))
      firsts.push(...(await lane.where('actor', '=', actor).limit(1).execute()));
  return firsts.sort((a, b) => a.queued_at - b.queued_at || (a.id < b.id ? -1 : 1))[0];
}

/** Who has ready runs in a lane, read by jumping from one actor to the next. */
async function actorsOf(trx: Kysely<unknown>, repositoryId: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ actor: string }>`
    WITH RECURSIVE actors (actor) AS (
      SELECT min(actor) FROM runs WHERE repository_id = ${repositoryId} AND ${READY}
      UNION ALL
      SELECT (SELECT min(runs.actor) FROM runs WHERE repository_id = ${repositoryId} AND ${READY}
        AND runs.actor > actors.actor)
      FROM actors WHERE actors.actor IS NOT NULL
    )
    SELECT actor FROM actors WHERE actor IS NOT NULL LIMIT ${sql.lit(limit)}`.execute(trx);
  return rows.map(({ actor }) => actor);
}
