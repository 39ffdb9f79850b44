import type { Kysely } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { tablesOf } from '../../db/database.ts';
import type { Db } from '../../db/open.ts';

/** What the store reads of a plan; all of it is kept as it is. */
type Planned = { owner: string; repository: string; commit: string };

/** One publication that is still to be made, of one attempt of a run; `decidedAt` (ms) orders those to one branch. */
export type Publication<Plan extends Planned = Planned> = {
  runId: string;
  attempt: number;
  repositoryId: number;
  plan: Plan;
  decidedAt: number;
  tries: number;
};

/** Which publication a change is about: a later attempt's is another one. */
type PublicationKey = Pick<Publication, 'runId' | 'attempt'>;

/**
 * Rows of what is to be published, one a run at most, so that a run can end before GitHub has taken it and nothing is
 * pushed twice. `host` is whose disk a publication's bundle lies on.
 */
export type PublicationStore<Plan extends Planned = Planned> = {
  /** Adding it again changes nothing, but a later attempt of the run takes the place of the one before. */
  add(run: { id: string; attempt: number; repositoryId: number; host: string }, plan: Plan): Promise<void>;
  /** Those of a host that may be tried now, oldest first; of one run when it is named. */
  due(host: string, limit: number, runId?: string): Promise<Publication<Plan>[]>;
  /** Those of other hosts that should have been tried before a time in milliseconds, and were not. */
  overdue(host: string, before: number, limit: number): Promise<Publication<Plan>[]>;
  /** All that still wait, so that what they need is kept. */
  waiting(): Promise<Pick<Publication, 'runId' | 'repositoryId'>[]>;
  /** Stores what is about to be pushed where, before it is pushed. */
  pushing(publication: Publication, branch: string): Promise<void>;
  /** The commits that publications decided no later than this one pushed, or were about to push, to a branch. */
  pushedTo(publication: Publication, branch: string): Promise<Set<string>>;
  done(which: PublicationKey, url: string | null): Promise<void>;
  /** It will never be made. */
  refused(which: PublicationKey, why: string): Promise<void>;
  /** An attempt failed; `nextAt` null gives up for good. */
  failed(which: PublicationKey, why: string, nextAt: number | null): Promise<void>;
};

type PublicationTables = {
  publications: {
    runId: string;
    attempt: number;
    host: string;
    state: 'waiting' | 'done' | 'refused' | 'given_up';
    repositoryId: number;
    planJson: string;
    decidedAt: number;
    tries: number;
    nextAt: number;
    url: string | null;
    lastError: string | null;
  };
  pushes: { repositoryId: number; branch: string; commitId: string; decidedAt: number };
};

/** The store over an open database. */
export function createPublicationStore<Plan extends Planned = Planned>(
  db: Db,
  clock: Clock,
): PublicationStore<Plan> {
  const own = tablesOf<PublicationTables>(db.kysely);
  const settle = async (
    { runId, attempt }: PublicationKey,
    change: Partial<PublicationTables['publications']>,
  ): Promise<void> => {
    await own
      .updateTable('publications')
      .set(change)
      .where('runId', '=', runId)
      .where('attempt', '=', attempt)
      .execute();
  };
  const selectWaiting = () => own.selectFrom('publications').where('state', '=', 'waiting');
  return {
    add: async (run, plan) => await addPublication(own, run, plan, clock.now()),
    async due(host, limit, runId) {
      const rows = await selectWaiting()
        .selectAll()
        .where('host', '=', host)
        .where('nextAt', '<=', clock.now())
        .$call((query) => (runId === undefined ? query : query.where('runId', '=', runId)))
        .orderBy('nextAt')
        .limit(limit)
        .execute();
      return rows.map(toPublication<Plan>);
    },
    async overdue(host, before, limit) {
      const query = selectWaiting().selectAll().where('host', '<>', host).where('nextAt', '<', before);
      return (await query.orderBy('nextAt').limit(limit).execute()).map(toPublication<Plan>);
    },
    async waiting() {
      return await selectWaiting().select(['runId', 'repositoryId']).execute();
    },
    async pushing({ repositoryId, plan, decidedAt }, branch) {
      const push = { repositoryId, branch, commitId: plan.commit, decidedAt };
      await own
        .insertInto('pushes')
        .values(push)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async pushedTo({ repositoryId, decidedAt }, branch) {
      const rows = await own
        .selectFrom('pushes')
        .select('commitId')
        .where('repositoryId', '=', repositoryId)
        .where('branch', '=', branch)
        .where('decidedAt', '<=', decidedAt)
        .execute();
      return new Set(rows.map((row) => row.commitId));
    },
    done: async (which, url) => await settle(which, { state: 'done', url, lastError: null }),
    refused: async (which, why) => await settle(which, { state: 'refused', lastError: why }),
    async failed(which, why, nextAt) {
      await own
        .updateTable('publications')
        .set((set) => ({
          tries: set('tries', '+', 1),
          lastError: why,
          ...(nextAt === null ? { state: 'given_up' as const } : { nextAt }),
        }))
        .where('runId', '=', which.runId)
        .where('attempt', '=', which.attempt)
        .execute();
    },
  };
}

function toPublication<Plan extends Planned>({
  planJson,
  ...row
}: PublicationTables['publications']): Publication<Plan> {
  return { ...row, plan: JSON.parse(planJson) as Plan };
}

/** A later attempt's row takes the place of an earlier one's. */
async function addPublication(
  tables: Kysely<PublicationTables>,
  run: { id: string; attempt: number; repositoryId: number; host: string },
  plan: Planned,
  now: number,
): Promise<void> {
  const row = {
    attempt: run.attempt,
    host: run.host,
    repositoryId: run.repositoryId,
    planJson: JSON.stringify(plan),
    state: 'waiting' as const,
    decidedAt: now,
    tries: 0,
    nextAt: now,
    url: null,
    lastError: null,
  };
  await tables
    .insertInto('publications')
    .values({ runId: run.id, ...row })
    .onConflict((conflict) =>
      conflict.column('runId').doUpdateSet(row).where('publications.attempt', '<', run.attempt),
    )
    .execute();
}
