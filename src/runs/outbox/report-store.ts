import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { randomId } from '../../base/ids.ts';
import { tablesOf } from '../../db/database.ts';
import type { Db } from '../../db/open.ts';
import { readStoredProfile } from '../../profiles/profile.ts';
import type { RunTables } from '../tables.ts';
import type { NewReport, Report, ReportTarget } from './report.ts';

/** Rows of what is to be posted, so that nothing is forgotten and nothing is posted twice. */
export type ReportStore = {
  /** Adds a report unless its key is there; a status or check that is there is posted again. */
  add(report: NewReport, trx?: Kysely<unknown>): Promise<void>;
  /** Those that may be tried now, longest waiting first; of one run when it is named, whatever their time. */
  due(limit: number, runId?: string): Promise<Report[]>;
  /** How many statuses and checks are kept up to date for active runs. */
  active(): Promise<number>;
  /** Takes one for `leaseMs` and counts the attempt; undefined when another process has it or it is done. */
  take(id: string, leaseMs: number): Promise<Report | undefined>;
  /** It was posted: `nextAt` null is for good, else when to look at it again. */
  posted(
    id: string,
    result: {
      remoteId: number | null;
      digest: string;
      nextAt: number | null;
      target?: ReportTarget | undefined;
    },
  ): Promise<void>;
  /** Whether GitHub gave a comment of ours this id. */
  hasComment(remoteId: number): Promise<boolean>;
  /** An attempt failed; `nextAt` null gives up for good. */
  failed(id: string, error: string, nextAt: number | null): Promise<void>;
  /** Drops GitHub's id, because what it names can no longer be changed: the next attempt makes a new one. */
  forget(id: string): Promise<void>;
  /** Makes the status and the check of a run due again; without a run, those of all active runs. */
  reopen(runId?: string): Promise<void>;
};

/** Kinds that are updated in place until their run ends. */
const LIVE_KINDS: Report['kind'][] = ['status', 'check'];

type ReportTables = Pick<RunTables, 'runs'> & {
  reports: {
    id: string;
    key: string;
    kind: Report['kind'];
    runId: string | null;
    profileJson: string | null;
    targetJson: string;
    contentJson: string;
    remoteId: number | null;
    digest: string | null;
    state: 'waiting' | 'done' | 'given_up';
    attempts: number;
    madeAt: number;
    nextAt: number;
    takenUntil: number;
    lastError: string | null;
  };
};

/** The store over an open database. */
export function createReportStore(db: Db, clock: Clock): ReportStore {
  const tables = (kysely: Kysely<unknown>): Kysely<ReportTables> => tablesOf<ReportTables>(kysely);
  const own = tables(db.kysely);
  const update = () => own.updateTable('reports');
  return {
    add: async (report, trx = db.kysely) => await add(tables(trx), report, clock.now()),
    async due(limit, runId) {
      const rows = await own
        .selectFrom('reports')
        .selectAll()
        .where(IS_WAITING)
        .where('takenUntil', '<=', clock.now())
        .$call((query) =>
          runId === undefined ? query.where('nextAt', '<=', clock.now()) : query.where('runId', '=', runId),
        )
        .orderBy('nextAt')
        .limit(limit)
        .execute();
      return rows.map(toReport);
    },
    active: async () => await countActiveReports(own),
    async take(id, leaseMs) {
      const row = await update()
        .set((set) => ({ takenUntil: clock.now() + leaseMs, attempts: set('attempts', '+', 1) }))
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .where('takenUntil', '<=', clock.now())
        .returningAll()
        .executeTakeFirst();
      return row && toReport(row);
    },
    async posted(id, { remoteId, digest, nextAt, target }) {
      const rest = nextAt === null ? { state: 'done' as const, profileJson: null } : { nextAt };
      const values = {
        remoteId,
        digest,
        attempts: 0,
        lastError: null,
        takenUntil: 0,
        ...rest,
        ...(target && { targetJson: JSON.stringify(target) }),
      };
      await update().set(values).where('id', '=', id).execute();
    },
    async failed(id, error, nextAt) {
      const rest = nextAt === null ? { state: 'given_up' as const, profileJson: null } : { nextAt };
      await update()
        .set({ lastError: error, takenUntil: 0, ...rest })
        .where('id', '=', id)
        .execute();
    },
    hasComment: async (remoteId) => await hasComment(own, remoteId),
    async forget(id) {
      await update().set({ remoteId: null, digest: null }).where('id', '=', id).execute();
    },
    async reopen(runId) {
      await update()
        .set({ state: 'waiting', nextAt: clock.now() })
        .where('state', '=', 'done')
        .where('kind', 'in', LIVE_KINDS)
        .$call((query) =>
          runId === undefined
            ? query.where('runId', 'in', (runs) => workedOn(runs))
            : query.where('runId', '=', runId),
        )
        .execute();
    },
  };
}

/** Written as text: a partial index serves no condition with a parameter. */
const IS_WAITING = sql<boolean>`state = 'waiting'`;

/** The active runs; the first condition is that of their index. */
function workedOn(query: ExpressionBuilder<ReportTables, 'reports'>) {
  return query
    .selectFrom('runs')
    .select('id')
    .where(sql<boolean>`state <> 'ended' AND state IN ('preparing', 'running')`);
}

async function hasComment(own: Kysely<ReportTables>, remoteId: number): Promise<boolean> {
  const found = own.selectFrom('reports').select('id').where('remoteId', '=', remoteId);
  return (await found.where('kind', 'in', ['status', 'refusal']).executeTakeFirst()) !== undefined;
}

async function countActiveReports(own: Kysely<ReportTables>): Promise<number> {
  const row = await own
    .selectFrom('reports')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where(IS_WAITING)
    .where('kind', 'in', LIVE_KINDS)
    .where('runId', 'in', (runs) => workedOn(runs))
    .executeTakeFirstOrThrow();
  return row.count;
}

async function add(tables: Kysely<ReportTables>, report: NewReport, now: number): Promise<void> {
  const row = {
    id: randomId(16),
    key: report.key,
    kind: report.kind,
    runId: report.runId,
    profileJson: report.profile && JSON.stringify(report.profile),
    targetJson: JSON.stringify(report.target),
    contentJson: JSON.stringify(report.content),
  };
  const fresh = { state: 'waiting' as const, attempts: 0, madeAt: now, nextAt: now, takenUntil: 0 };
  const insert = tables
    .insertInto('reports')
    .values({ ...row, ...fresh, remoteId: null, digest: null, lastError: null });
  const isLive = LIVE_KINDS.includes(report.kind);
  await insert
    .onConflict((conflict) =>
      isLive
        ? conflict.column('key').doUpdateSet({ state: 'waiting', nextAt: now })
        : conflict.column('key').doNothing(),
    )
    .execute();
}

/** One row as a report; a reaction that an older version stored has no content, and is the first one. */
function toReport({ targetJson, contentJson, profileJson, ...row }: ReportTables['reports']): Report {
  return {
    ...row,
    profile: profileJson === null ? null : readStoredProfile(profileJson),
    target: JSON.parse(targetJson),
    content: { ...(row.kind === 'reaction' && { reaction: 'eyes' }), ...JSON.parse(contentJson) },
  } as Report;
}
