import type { Kysely } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Db } from '../db/open.ts';

/** What is to be published of one run, decided once when its agent was done; texts are rendered and masked. */
export type PublicationPlan = {
  as: 'pull-request' | 'pull-request-branch' | 'patch';
  owner: string;
  repository: string;
  /** Issue or pull request that the run is about, or null. */
  number: number | null;
  /** Short name of the branch to push; empty where the pull request's own is meant. */
  branch: string;
  /** The branch that a pull request is to be merged into; null when only GitHub can tell. */
  into: string | null;
  base: string;
  commit: string;
  title: string;
  body: string;
  draft: boolean;
  labels: readonly string[];
  reviewers: readonly string[];
  teamReviewers: readonly string[];
  assignees: readonly string[];
  limits: {
    files: number;
    bytes: number;
    binaryBytes: number;
    allow: readonly string[];
    deny: readonly string[];
    workflows: boolean;
  };
};

/** One publication that is still to be made. `host` is whose disk its bundle lies on. */
export type Publication = { runId: string; plan: PublicationPlan; tries: number };

/**
 * Rows of what is to be published, one a run at most, so that a run can end before GitHub has taken it and nothing is
 * pushed twice.
 */
export type PublicationStore = {
  /** Adding it again changes nothing, but a later attempt of the run takes the place of the one before. */
  add(run: { id: string; attempt: number; host: string }, plan: PublicationPlan): Promise<void>;
  /** Those of a host that may be tried now, oldest first; of one run when it is named. */
  due(host: string, limit: number, runId?: string): Promise<Publication[]>;
  /** Remembers what is about to be pushed where, before it is pushed. */
  pushing(runId: string, branch: string): Promise<void>;
  /** The commits that earlier runs pushed, or were about to push, to a branch of a repository. */
  pushedTo(owner: string, repository: string, branch: string): Promise<Set<string>>;
  done(runId: string, url: string | null): Promise<void>;
  /** It will never be made. */
  refused(runId: string, why: string): Promise<void>;
  /** Tried in vain: `nextAt` null gives up for good. */
  failed(runId: string, why: string, nextAt: number | null): Promise<void>;
};

type PublicationTables = {
  publications: {
    run_id: string;
    attempt: number;
    host: string;
    state: 'waiting' | 'done' | 'refused' | 'given_up';
    owner: string;
    repository: string;
    branch: string | null;
    commit_id: string;
    plan_json: string;
    tries: number;
    next_at: number;
    url: string | null;
    last_error: string | null;
  };
};

/** The store over an open database. */
export function createPublicationStore(db: Db, clock: Clock): PublicationStore {
  const own = db.kysely.withTables<PublicationTables>() as unknown as Kysely<PublicationTables>;
  const settle = async (runId: string, change: Partial<PublicationTables['publications']>): Promise<void> => {
    await own.updateTable('publications').set(change).where('run_id', '=', runId).execute();
  };
  return {
    add: async (run, plan) => await addPublication(own, run, plan, clock.now()),
    async due(host, limit, runId) {
      const rows = await own
        .selectFrom('publications')
        .select(['run_id', 'plan_json', 'tries'])
        .where('state', '=', 'waiting')
        .where('host', '=', host)
        .where('next_at', '<=', clock.now())
        .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
        .orderBy('next_at')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        runId: row.run_id,
        plan: JSON.parse(row.plan_json) as PublicationPlan,
        tries: row.tries,
      }));
    },
    pushing: async (runId, branch) => await settle(runId, { branch }),
    async pushedTo(owner, repository, branch) {
      const rows = await own
        .selectFrom('publications')
        .select('commit_id')
        .where('owner', '=', owner)
        .where('repository', '=', repository)
        .where('branch', '=', branch)
        .execute();
      return new Set(rows.map((row) => row.commit_id));
    },
    done: async (runId, url) => await settle(runId, { state: 'done', url, last_error: null }),
    refused: async (runId, why) => await settle(runId, { state: 'refused', last_error: why }),
    async failed(runId, why, nextAt) {
      await own
        .updateTable('publications')
        .set((set) => ({
          tries: set('tries', '+', 1),
          last_error: why,
          ...(nextAt === null ? { state: 'given_up' as const } : { next_at: nextAt }),
        }))
        .where('run_id', '=', runId)
        .execute();
    },
  };
}

/** A later attempt's row takes the place of an earlier one's. */
async function addPublication(
  tables: Kysely<PublicationTables>,
  run: { id: string; attempt: number; host: string },
  plan: PublicationPlan,
  now: number,
): Promise<void> {
  const { owner, repository, commit } = plan;
  const row = {
    attempt: run.attempt,
    host: run.host,
    owner,
    repository,
    commit_id: commit,
    plan_json: JSON.stringify(plan),
    state: 'waiting' as const,
    tries: 0,
    next_at: now,
    branch: null,
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
