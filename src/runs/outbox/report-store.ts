import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { randomId } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { LIVE_KINDS, type SayingTables, toReport } from './outbox.ts';
import type { NewReport, Report, ReportTarget } from './report.ts';

/** Rows of what is to be said, so that nothing is forgotten and nothing is said twice. */
export type ReportStore = {
  /** Adds what is not there; a status or check that was done is taken up again, anything else stays as it is. */
  add(report: NewReport, trx?: Kysely<unknown>): Promise<void>;
  /** Those that may be tried now, longest waiting first; of one run when it is named, whatever their time. */
  due(limit: number, runId?: string): Promise<Report[]>;
  /** How many statuses and checks are kept up to date for runs that are worked on. */
  living(): Promise<number>;
  /** Takes one for `leaseMs` and counts the attempt; undefined when another process has it or it is done. */
  take(id: string, leaseMs: number): Promise<Report | undefined>;
  /** It was said: `nextAt` null is for good, else when to look at it again. */
  said(
    id: string,
    told: {
      remoteId: number | null;
      digest: string;
      nextAt: number | null;
      target?: ReportTarget | undefined;
    },
  ): Promise<void>;
  /** Whether GitHub gave a comment of ours this id. */
  hasComment(remoteId: number): Promise<boolean>;
  /** Tried in vain: `nextAt` null gives up for good. */
  failed(id: string, error: string, nextAt: number | null): Promise<void>;
  /** What there is at GitHub is not ours to change any more: the next attempt makes a new one. */
  forget(id: string): Promise<void>;
  /** Takes up again the status and the check of a run that lives again; without one, of all that are worked on again. */
  reopen(runId?: string): Promise<void>;
};

/** The store over an open database. */
export function createReportStore(db: Db, clock: Clock): ReportStore {
  const tables = (kysely: Kysely<unknown>): Kysely<SayingTables> =>
    kysely.withTables<SayingTables>() as unknown as Kysely<SayingTables>;
  const own = tables(db.kysely);
  const update = () => own.updateTable('sayings');
  return {
    add: async (report, trx = db.kysely) => await add(tables(trx), report, clock.now()),
    async due(limit, runId) {
      const rows = await own
        .selectFrom('sayings')
        .selectAll()
        .where(IS_WAITING)
        .where('taken_until', '<=', clock.now())
        .$if(runId === undefined, (query) => query.where('next_at', '<=', clock.now()))
        .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
        .orderBy('next_at')
        .limit(limit)
        .execute();
      return rows.map(toReport);
    },
    living: async () => await countLiving(own),
    async take(id, leaseMs) {
      const row = await update()
        .set((set) => ({ taken_until: clock.now() + leaseMs, attempts: set('attempts', '+', 1) }))
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .where('taken_until', '<=', clock.now())
        .returningAll()
        .executeTakeFirst();
      return row && toReport(row);
    },
    async said(id, { remoteId, digest, nextAt, target }) {
      const rest = nextAt === null ? { state: 'done' as const, profile_json: null } : { next_at: nextAt };
      const values = {
        remote_id: remoteId,
        said: digest,
        attempts: 0,
        last_error: null,
        taken_until: 0,
        ...rest,
        ...(target && { target_json: JSON.stringify(target) }),
      };
      await update().set(values).where('id', '=', id).execute();
    },
    async failed(id, error, nextAt) {
      const rest = nextAt === null ? { state: 'given_up' as const, profile_json: null } : { next_at: nextAt };
      await update()
        .set({ last_error: error, taken_until: 0, ...rest })
        .where('id', '=', id)
        .execute();
    },
    hasComment: async (remoteId) => await hasComment(own, remoteId),
    async forget(id) {
      await update().set({ remote_id: null, said: null }).where('id', '=', id).execute();
    },
    async reopen(runId) {
      await update()
        .set({ state: 'waiting', next_at: clock.now() })
        .where('state', '=', 'done')
        .where('kind', 'in', LIVE_KINDS)
        .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
        .$if(runId === undefined, (query) => query.where('run_id', 'in', (runs) => workedOn(runs)))
        .execute();
    },
  };
}

/** Written out, because an index over some rows serves no condition that is handed over as a parameter. */
const IS_WAITING = sql<boolean>`state = 'waiting'`;

/** The few runs that are worked on; the first condition is the one that the index of living runs has. */
function workedOn(query: ExpressionBuilder<SayingTables, 'sayings'>) {
  return query
    .selectFrom('runs')
    .select('id')
    .where(sql<boolean>`state <> 'ended' AND state IN ('preparing', 'running')`);
}

async function hasComment(own: Kysely<SayingTables>, remoteId: number): Promise<boolean> {
  const found = own.selectFrom('sayings').select('id').where('remote_id', '=', remoteId);
  return (await found.where('kind', 'in', ['status', 'refusal']).executeTakeFirst()) !== undefined;
}

async function countLiving(own: Kysely<SayingTables>): Promise<number> {
  const row = await own
    .selectFrom('sayings')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where(IS_WAITING)
    .where('kind', 'in', LIVE_KINDS)
    .where('run_id', 'in', (runs) => workedOn(runs))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function add(tables: Kysely<SayingTables>, report: NewReport, now: number): Promise<void> {
  const row = {
    id: randomId(16),
    key: report.key,
    kind: report.kind,
    run_id: report.runId ?? null,
    profile_json: report.profileJson ?? null,
    target_json: JSON.stringify(report.target),
    content_json: JSON.stringify(report.content ?? {}),
  };
  const fresh = { state: 'waiting' as const, attempts: 0, made_at: now, next_at: now, taken_until: 0 };
  const insert = tables
    .insertInto('sayings')
    .values({ ...row, ...fresh, remote_id: null, said: null, last_error: null });
  const isLive = LIVE_KINDS.includes(report.kind);
  await insert
    .onConflict((conflict) =>
      isLive
        ? conflict.column('key').doUpdateSet({ state: 'waiting', next_at: now })
        : conflict.column('key').doNothing(),
    )
    .execute();
}
