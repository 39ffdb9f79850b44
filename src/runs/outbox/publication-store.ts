import type { Kysely } from 'kysely';
import type { Clock } from '../../base/clock.ts';
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
type Which = Pick<Publication, 'runId' | 'attempt'>;

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
  /** Remembers what is about to be pushed where, before it is pushed. */
  pushing(publication: Publication, branch: string): Promise<void>;
  /** The commits that publications decided no later than this one pushed, or were about to push, to a branch. */
  pushedTo(publication: Publication, branch: string): Promise<Set<string>>;
  done(which: Which, url: string | null): Promise<void>;
  /** It will never be made. */
  refused(which: Which, why: string): Promise<void>;
  /** Tried in vain: `nextAt` null gives up for good. */
  failed(which: Which, why: string, nextAt: number | null): Promise<void>;
};

type PublicationTables = {
  publications: {
    run_id: string;
    attempt: number;
    host: string;
    state: 'waiting' | 'done' | 'refused' | 'given_up';
    repository_id: number;
    plan_json: string;
    decided_at: number;
    tries: number;
    next_at: number;
    url: string | null;
    last_error: string | null;
  };
  pushes: { repository_id: number; branch: string; commit_id: string; decided_at: number };
};

/** The store over an open database. */
export function createPublicationStore<Plan extends Planned = Planned>(
  db: Db,
  clock: Clock,
): PublicationStore<Plan> {
  const own = db.kysely.withTables<PublicationTables>() as unknown as Kysely<PublicationTables>;
  const settle = async (
    { runId, attempt }: Which,
    change: Partial<PublicationTables['publications']>,
  ): Promise<void> => {
    await own
      .updateTable('publications')
      .set(change)
      .where('run_id', '=', runId)
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
        .where('next_at', '<=', clock.now())
        .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
        .orderBy('next_at')
        .limit(limit)
        .execute();
      return rows.map(toPublication<Plan>);
    },
    async overdue(host, before, limit) {
      const query = selectWaiting().selectAll().where('host', '<>', host).where('next_at', '<', before);
      return (await query.orderBy('next_at').limit(limit).execute()).map(toPublication<Plan>);
    },
    async waiting() {
      const rows = await selectWaiting().select(['run_id', 'repository_id']).execute();
      return rows.map((row) => ({ runId: row.run_id, repositoryId: row.repository_id }));
    },
    async pushing({ repositoryId, plan, decidedAt }, branch) {
      const push = { repository_id: repositoryId, branch, commit_id: plan.commit, decided_at: decidedAt };
      await own
        .insertInto('pushes')
        .values(push)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async pushedTo({ repositoryId, decidedAt }, branch) {
      const rows = await own
        .selectFrom('pushes')
        .select('commit_id')
        .where('repository_id', '=', repositoryId)
        .where('branch', '=', branch)
        .where('decided_at', '<=', decidedAt)
        .execute();
      return new Set(rows.map((row) => row.commit_id));
    },
    done: async (which, url) => await settle(which, { state: 'done', url, last_error: null }),
    refused: async (which, why) => await settle(which, { state: 'refused', last_error: why }),
    async failed(which, why, nextAt) {
      await own
        .updateTable('publications')
        .set((set) => ({
          tries: set('tries', '+', 1),
          last_error: why,
          ...(nextAt === null ? { state: 'given_up' as const } : { next_at: nextAt }),
        }))
        .where('run_id', '=', which.runId)
        .where('attempt', '=', which.attempt)
        .execute();
    },
  };
}

function toPublication<Plan extends Planned>(row: PublicationTables['publications']): Publication<Plan> {
  return {
    runId: row.run_id,
    attempt: row.attempt,
    repositoryId: row.repository_id,
    plan: JSON.parse(row.plan_json) as Plan,
    decidedAt: row.decided_at,
    tries: row.tries,
  };
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
    repository_id: run.repositoryId,
    plan_json: JSON.stringify(plan),
    state: 'waiting' as const,
    decided_at: now,
    tries: 0,
    next_at: now,
    url: null,
    last_error: null,
  };
  await tables
    .insertInto('publications')
    .values({ run_id: run.id, ...row })
    .onConflict((conflict) =>
      conflict.column('run_id').doUpdateSet(row).where('publications.attempt', '<', run.attempt),
    )
    .execute();
}
