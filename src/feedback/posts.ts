import { hash } from 'node:crypto';
import { isoTime } from '../base/clock.ts';
import { FlowError } from '../base/errors.ts';
import { type CheckState, createCheck, findCheck, updateCheck } from '../github/checks.ts';
import { fetchPullRequest } from '../github/pull-requests.ts';
import type { Report, ReportOf, ReportTarget } from '../runs/outbox/report.ts';
import type { Outcome, Run, TimelineEntry } from '../runs/run.ts';
import type { TextName } from '../text/report-names.ts';
import { commentMark, type Marks, markName } from './marks.ts';
import { finalText } from './outgoing.ts';
import { endedValues, headline, isOver, runningValues } from './run-comment.ts';
import type { TextValues } from './texts.ts';
import { type PostedComment, type PostingAccount, reportThread } from './thread.ts';

/** What a post takes: the report as its row is, and how texts are made. */
type Post<Posted extends Report = Report> = {
  report: Posted;
  account: PostingAccount;
  /** The rendered text of a run or refusal, by the profile's own template if it has one. */
  render<Name extends TextName>(name: Name, values: TextValues<Name>): string;
  mask(text: string): string;
  marks: Marks;
  nowMs: number;
};

/** A post about a run. */
type RunPost<Posted extends Report = Report> = Post<Posted> & {
  run: Run;
  timeline: readonly TimelineEntry[];
  link: string;
};

/** What is stored after a post: GitHub's id, a digest of what it has, and when to look again (milliseconds since 1970; null never). */
export type PostResult = {
  remoteId: number | null;
  digest: string;
  nextAt: number | null;
  /** Where it is posted from now on, when GitHub led elsewhere. */
  target?: ReportTarget | undefined;
};

/** How often the comment and the check of an active run are rendered, and in its first minute; they are updated only when their text changed. */
const LOOK_AGAIN_MS = 15_000;
const FIRST_LOOKS_MS = 5_000;
const FIRST_MINUTE_MS = 60_000;

/** When a comment that somebody deleted is due again; the end of the run makes it due earlier. */
const REMOVED_MS = 24 * 3_600_000;

/** Reacts to what a run or a refusal is about. */
export async function postReaction({ report, account }: Post<ReportOf<'reaction'>>): Promise<PostResult> {
  const { reaction } = report.content;
  await reportThread(account, report.target).react(reaction);
  return { remoteId: null, digest: reaction, nextAt: null };
}

/** Posts once why something became no run. */
export async function postRefusal(post: Post<ReportOf<'refusal'>>): Promise<PostResult> {
  const { text, mark } = post.report.content;
  const body = post.marks.seal(finalText(text, post.mask, mark));
  const { id, target } = await postComment(post, { mark, body });
  return { remoteId: id, digest: digestOf(body), nextAt: null, target };
}

/** Creates or updates the one comment about a run. */
export async function postStatus(post: RunPost<ReportOf<'status'>>): Promise<PostResult> {
  const { report, run, account } = post;
  const mark = commentMark(run.id);
  const body = post.marks.seal(finalText(runText(post), post.mask, mark));
  const content = { mark, body };
  const digest = digestOf(body);
  const nextAt = nextLook(run, post.nowMs);
  if (report.remoteId === null) return resultOf(await postComment(post, content), { digest, nextAt });
  if (digest === report.digest) return { remoteId: report.remoteId, digest, nextAt };
  const isThere = await isChanged(reportThread(account, report.target).update(report.remoteId, body));
  if (isThere) return { remoteId: report.remoteId, digest, nextAt };
  const moved = report.target.moved ? undefined : await movedPost(post);
  if (moved) return resultOf(await postComment(moved, content), { digest, nextAt });
  if (!isOver(run)) return { remoteId: report.remoteId, digest, nextAt: post.nowMs + REMOVED_MS };
  return resultOf(await postComment(post, content), { digest, nextAt });
}

function resultOf({ id, target }: PostedComment, rest: Pick<PostResult, 'digest' | 'nextAt'>): PostResult {
  return { remoteId: id, target, ...rest };
}

/** The same post for the thread's new place, if it moved. A comment moves with its issue and is searched for there. */
async function movedPost(post: RunPost<ReportOf<'status'>>): Promise<RunPost | undefined> {
  const { report, account } = post;
  const target = await reportThread(account, report.target)
    .moved()
    .catch((error: unknown) => void isGone(error));
  return target && { ...post, report: { ...report, target, attempts: 2 } };
}

/** When the report of a run is due again: never after the run is over. */
function nextLook(run: Run, nowMs: number): number | null {
  if (isOver(run)) return null;
  const isYoung = nowMs - (run.startedAt ?? run.queuedAt) < FIRST_MINUTE_MS;
  return nowMs + (isYoung ? FIRST_LOOKS_MS : LOOK_AGAIN_MS);
}

/** The text about a run, as it is now. */
function runText(post: RunPost): string {
  return isOver(post.run)
    ? post.render('ended', endedValues(post.run, post))
    : post.render('running', runningValues(post.run, post));
}

/** Creates a comment. After an earlier attempt it first searches for one, because the answer may have been lost, and updates that. */
async function postComment(
  { report, account, marks }: Post,
  { mark, body }: { mark: string; body: string },
): Promise<PostedComment> {
  const thread = reportThread(account, report.target);
  const isSealed = (text: string): boolean => marks.isSealed(text, markName(mark));
  const found = report.attempts > 1 ? await thread.find(mark, isSealed) : undefined;
  const there = found?.target ? reportThread(account, found.target) : thread;
  const kept = report.target.moved ? { target: report.target } : {};
  if (found && (await isChanged(there.update(found.id, body)))) return { ...kept, ...found };
  return { ...kept, ...(await there.create(body)) };
}

async function isChanged(update: Promise<void>): Promise<boolean> {
  return await update.then(
    () => true,
    (error: unknown) => isGone(error) !== 'gone',
  );
}

/** `gone` when the comment was deleted or belongs to somebody else; throws any other error. */
function isGone(error: unknown): 'gone' {
  if (error instanceof FlowError && ['github_not_found', 'github_refused'].includes(error.code))
    return 'gone';
  throw error;
}

/** Identifies a text, to see whether it changed. */
function digestOf(text: string): string {
  return hash('sha256', text);
}

/** How long to wait while the commit of a check is not known yet. */
const COMMIT_UNKNOWN_MS = 3_000;

type CheckPost = RunPost<ReportOf<'check'>>;

/** Creates or updates the check of a run on the pull request's commit. */
export async function postCheck(post: CheckPost): Promise<PostResult> {
  const { report, run, account, link, nowMs } = post;
  const state = checkState(run, { summary: finalText(runText(post), post.mask), link, nowMs });
  const digest = digestOf(JSON.stringify([state.status, state.conclusion, state.title]));
  const nextAt = nextLook(run, nowMs);
  if (report.remoteId !== null && digest === report.digest)
    return { remoteId: report.remoteId, digest, nextAt };
  const { owner, repository: repo } = report.target;
  if (report.remoteId !== null) {
    await updateCheck(account.client, { owner, repo, id: report.remoteId, state });
    return { remoteId: report.remoteId, digest, nextAt };
  }
  const sha = await commitOf(post);
  if (sha === undefined)
    return { remoteId: null, digest: '', nextAt: nextAt === null ? null : nowMs + COMMIT_UNKNOWN_MS };
  return { remoteId: await createOrUpdateCheck(post, sha, state), digest, nextAt };
}

/** The commit that the event named, else the one that was checked out, else the pull request's head by now. */
async function commitOf({ report, run, timeline, account }: CheckPost): Promise<string | undefined> {
  const { sha, isCheckout } = report.content;
  if (sha !== undefined) return sha;
  const commit = timeline.findLast(({ kind }) => kind === 'checkout')?.data.commit;
  if (isCheckout && typeof commit === 'string') return commit;
  if (isCheckout && !isOver(run)) return undefined;
  const { owner, repository: repo, number } = report.target;
  return (await fetchPullRequest(account.client, { owner, repo, number })).headSha;
}

async function createOrUpdateCheck(
  { report, run, account }: CheckPost,
  sha: string,
  state: CheckState,
): Promise<number> {
  const { owner, repository: repo } = report.target;
  const named = { owner, repo, sha, name: `github-flows: ${run.profile}`, externalId: run.id };
  const found = report.attempts > 1 ? await findCheck(account.client, named) : undefined;
  if (found === undefined) return await createCheck(account.client, { ...named, state });
  await updateCheck(account.client, { owner, repo, id: found, state });
  return found;
}

const CONCLUSIONS: Readonly<Record<Outcome, NonNullable<CheckState['conclusion']>>> = {
  succeeded: 'success',
  failed: 'failure',
  timed_out: 'timed_out',
  stalled: 'timed_out',
  cancelled: 'cancelled',
  refused: 'failure',
  lost: 'failure',
};

/** The state of a run's check; `summary` is the text of its comment. */
function checkState(
  run: Run,
  { summary, link, nowMs }: { summary: string; link: string; nowMs: number },
): CheckState {
  const startedAt = isoTime(run.startedAt);
  const shown = {
    ...(startedAt ? { startedAt } : {}),
    ...(link ? { detailsUrl: link } : {}),
    title: headline(run),
    summary,
  };
  if (!isOver(run))
    return {
      ...shown,
      status: run.state === 'queued' || run.state === 'preparing' ? 'queued' : 'in_progress',
    };
  return {
    ...shown,
    status: 'completed',
    conclusion: CONCLUSIONS[run.outcome],
    completedAt: isoTime(run.endedAt ?? nowMs) ?? '',
  };
}
