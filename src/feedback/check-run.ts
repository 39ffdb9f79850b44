import { isoTime } from '../base/clock.ts';
import { type CheckState, createCheck, findCheck, updateCheck } from '../github/checks.ts';
import { fetchPullRequest } from '../github/pull-requests.ts';
import type { ReportOf } from '../runs/outbox/report.ts';
import type { Outcome, Run } from '../runs/run.ts';
import { finalText } from './outgoing.ts';
import { digestOf, nextLook, type PostResult, type RunPost, runText } from './posts.ts';
import { headline, isOver } from './run-comment.ts';

/** How soon a check is posted again whose commit is not known yet. */
const COMMIT_UNKNOWN_MS = 3_000;

type CheckPost = RunPost<ReportOf<'check'>>;

/** Makes or changes the check of a run on the pull request's commit. */
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

/** What the check of a run says; `summary` is the text of its comment. */
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
