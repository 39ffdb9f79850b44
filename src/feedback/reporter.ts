import { backoff } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { asFlowError, type FlowError } from '../base/errors.ts';
import { isGoneForGood, limitPassesInMs } from '../github/request-error.ts';
import type { Logger } from '../log/logger.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Report } from '../runs/outbox/report.ts';
import type { ReportStore } from '../runs/outbox/report-store.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import type { TextName } from '../text/report-names.ts';
import type { Marks } from './marks.ts';
import { createPostingLimits, type PostingLimits } from './posting-limits.ts';
import { type PostResult, postCheck, postReaction, postRefusal, postStatus } from './posts.ts';
import type { TextValues } from './texts.ts';
import type { PostingAccount } from './thread.ts';

/** Attempts before a report is given up: with the waits below, about a day. */
const MAX_ATTEMPTS = 12;
const WAITS_MS = { first: 15_000, most: 3 * 3_600_000 };
const LOOK_EVERY_MS = 5_000;

/** How long to wait after a rate limit of GitHub without a time. */
const LIMIT_MS = 60_000;

/** How many due reports are read to choose those that are posted now. */
const LOOKED_AT = 200;

/** The least time between two updates of active runs' reports altogether: GitHub takes 80 changes a minute of one account. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits */
const EACH_MS = 1_500;

/** Longer than all requests for one report may take. */
const LEASE_MS = 150_000;

/** Posts on GitHub what the rows of the report store ask for. A report that fails is retried and never changes its run. */
export type Reporter = {
  /** Posts what is due of one run now; resolves when each report was tried once. */
  report(runId: string): Promise<void>;
  /** From now on tries whatever is due. */
  start(): void;
  /** Tries whatever is due; resolves when each was tried once, and never rejects. */
  postDue(): Promise<void>;
  /** The same without waiting for it. */
  wake(): void;
  stop(): Promise<void>;
};

/** What the reporter takes from the rest of the service. */
type ReporterParts = {
  reports: ReportStore;
  runs: RunStore;
  accountFor: (profile: Profile, repository: string) => Promise<PostingAccount>;
  /** A text by the template that the profile has for it. */
  render: <Name extends TextName>(profile: Profile, name: Name, values: TextValues<Name>) => string;
  /** Hides secrets in what is posted. */
  mask: (text: string) => string;
  /** Recognises our own comments. */
  marks: Marks;
  /** The page of a run, or nothing. */
  linkTo: (runId: string) => string;
  clock: Clock;
  log: Logger;
};

export function createReporter(parts: ReporterParts): Reporter {
  let timer: Timer | undefined;
  let stopped = false;
  let looking: Promise<{ tried: Promise<unknown> }> | undefined;
  const limits = createPostingLimits();
  const attempt = async (report: Report): Promise<void> =>
    await limits.track(report, tryReport(parts, limits, report.id));
  const look = async (): Promise<{ tried: Promise<unknown> }> => {
    await parts.reports.reopen();
    const due = await parts.reports.due(LOOKED_AT);
    const now = limits.pick(due, parts.clock.now());
    const wait = now.length < due.length;
    return { tried: Promise.all(now.map(async (each) => await attempt(each).finally(() => wait && wake()))) };
  };
  const postDue = async (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    try {
      await (await looking).tried;
    } catch (error) {
      parts.log.error({ err: error }, 'reports could not be read');
    }
  };
  const wake = (): void => {
    if (!stopped) void postDue();
  };
  return {
    async report(runId) {
      await Promise.all(limits.underWay(runId));
      const due = await parts.reports.due(10, runId);
      await Promise.all(due.filter((report) => limits.mayStart(report, parts.clock.now())).map(attempt));
    },
    start() {
      timer = parts.clock.every(LOOK_EVERY_MS, postDue);
    },
    postDue,
    wake,
    async stop() {
      stopped = true;
      timer?.stop();
      await looking?.catch(() => undefined);
      await Promise.allSettled(limits.underWay());
    },
  };
}

/** Rejects for errors of the database alone; those of GitHub are stored with the report. */
async function tryReport(parts: ReporterParts, limits: PostingLimits, id: string): Promise<void> {
  const report = await parts.reports.take(id, LEASE_MS);
  if (!report) return;
  try {
    const result = await post(parts, report);
    await parts.reports.posted(id, { ...result, nextAt: await paced(parts, result.nextAt) });
  } catch (error) {
    const issue = asFlowError(error);
    const nextAt = await fail(parts, report, issue);
    if (issue.code === 'github_rate_limited') limits.pause(report, nextAt);
  }
}

/** The more runs are active, the more rarely each report is updated. */
async function paced({ reports, clock }: ReporterParts, nextAt: number | null): Promise<number | null> {
  return nextAt && Math.max(nextAt, clock.now() + EACH_MS * (await reports.active()));
}

async function post(parts: ReporterParts, report: Report): Promise<PostResult> {
  const { clock, mask, marks, runs } = parts;
  const run = report.runId === null ? undefined : await runs.find(report.runId);
  const profile = report.profile ?? (run && (await runs.profile(run.id)));
  if (profile === undefined) return { remoteId: null, digest: '', nextAt: null };
  const { owner, repository } = report.target;
  const account = await parts.accountFor(profile, `${owner}/${repository}`);
  const render = <Name extends TextName>(name: Name, values: TextValues<Name>): string =>
    parts.render(profile, name, values);
  const content = { account, render, mask, marks, nowMs: clock.now() };
  if (report.kind === 'reaction') return await postReaction({ ...content, report });
  if (report.kind === 'refusal') return await postRefusal({ ...content, report });
  if (!run) return { remoteId: null, digest: '', nextAt: null };
  const timeline = await runs.timeline(run.id);
  const about = { ...content, run, timeline, link: parts.linkTo(run.id) };
  return report.kind === 'check'
    ? await postCheck({ ...about, report })
    : await postStatus({ ...about, report });
}

const NAMES = { reaction: 'reaction', status: 'comment', refusal: 'comment', check: 'check' } as const;

/** Stores a failed attempt; gives the time at which GitHub may be asked again, in milliseconds since 1970. */
async function fail(parts: ReporterParts, report: Report, issue: FlowError): Promise<number> {
  const { attempts, kind, runId } = report;
  const now = parts.clock.now();
  const limit = issue.code === 'github_rate_limited' ? (limitPassesInMs(issue, now) ?? LIMIT_MS) : 0;
  const wait = Math.max(backoff(WAITS_MS, attempts - 1), limit);
  const final = attempts >= MAX_ATTEMPTS || isHopeless(report, issue);
  await parts.reports.failed(report.id, `${issue.code}: ${issue.message}`, final ? null : now + wait);
  parts.log.warn({ err: issue, run: runId, kind, attempts, final }, 'report was not accepted by GitHub');
  if (runId !== null)
    await parts.runs.note(runId, {
      kind: 'report',
      text: `GitHub did not take the ${NAMES[kind]}: ${issue.message}`,
      data: { code: issue.code, attempts, final },
    });
  return now + wait;
}

/** GraphQL, the only API for discussions, gives one answer for a deleted discussion and for one that is too new; a new one is there by then. */
const DISCUSSION_ATTEMPTS = 3;

/** Whether no later attempt can succeed: no credential, a name that GitHub cannot have, a thread that is gone or moved out of reach, a check by what is no App. */
function isHopeless({ kind, target, attempts }: Report, issue: FlowError): boolean {
  const { code } = issue;
  if (target.discussion && code === 'github_not_found') return attempts >= DISCUSSION_ATTEMPTS;
  if (code === 'github_credential_missing' || code === 'name_refused') return true;
  return isGoneForGood(issue) || (kind === 'check' && code === 'github_refused');
}
