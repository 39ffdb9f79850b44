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
export type Publication = { runId: string; plan: PublicationPlan; attempts: number };

/**
 * Rows of what is to be published, one a run at most, so that a run can end before GitHub has taken it and nothing is
 * pushed twice.
 */
export type PublicationStore = {
  /** Adding it again changes nothing. */
  add(runId: string, host: string, plan: PublicationPlan): Promise<void>;
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
    host: string;
    state: 'waiting' | 'done' | 'refused' | 'given_up';
    owner: string;
    repository: string;
    branch: string | null;
    commit_id: string;
    plan_json: string;
    attempts: number;
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
    async add(runId, host, plan) {
      const { owner, repository, commit } = plan;
      const row = { run_id: runId, host, owner, repository, commit_id: commit };
      const start = { state: 'waiting', attempts: 0, next_at: clock.now() } as const;
      await own
        .insertInto('publications')
        .values({
          ...row,
          ...start,
          branch: null,
          plan_json: JSON.stringify(plan),
          url: null,
          last_error: null,
        })
        .onConflict((conflict) => conflict.column('run_id').doNothing())
        .execute();
    },
    async due(host, limit, runId) {
      const rows = await own
        .selectFrom('publications')
        .select(['run_id', 'plan_json', 'attempts'])
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
        attempts: row.attempts,
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
          attempts: set('attempts', '+', 1),
          last_error: why,
          ...(nextAt === null ? { state: 'given_up' as const } : { next_at: nextAt }),
        }))
        .where('run_id', '=', runId)
        .execute();
    },
  };
}
