import { hash } from 'node:crypto';
import { FlowError } from '../base/errors.ts';
import { type CheckState, createCheck, findCheck, updateCheck } from '../github/checks.ts';
import { fetchPullRequest } from '../github/pull-requests.ts';
import type { Run } from '../runs/run.ts';
import { checkRunName, checkState } from './check-words.ts';
import { endedValues, isOver, runningValues } from './run-words.ts';
import { type Placed, reportThread } from './thread.ts';
import type { RunSaying, Said, Saying } from './voice.ts';
import { commentMark, finalText, markName } from './words.ts';

/** How often the comment and the check of a living run are looked at, and in its first minute; they are changed only when they say something else. */
const LOOK_AGAIN_MS = 15_000;
const FIRST_LOOKS_MS = 5_000;
const FIRST_MINUTE_MS = 60_000;

/** How soon a check is tried again whose commit is not known yet. */
const COMMIT_UNKNOWN_MS = 3_000;

/** When a comment that somebody removed is thought of again: at the run's end, which does not wait for this. */
const REMOVED_MS = 24 * 3_600_000;

/** Reacts to what a run or a refusal is about. */
export async function sayReaction({ report, voice }: Saying): Promise<Said> {
  const content = report.content.reaction ?? 'eyes';
  await reportThread(voice, report.target).react(content);
  return { remoteId: null, digest: content, nextAt: null };
}

/** Says once why something became no run. */
export async function sayRefusal(saying: Saying): Promise<Said> {
  const { text = '', mark = '' } = saying.report.content;
  const body = saying.marks.seal(finalText(text, saying.mask, mark));
  const { id, target } = await placeComment(saying, { mark, body });
  return { remoteId: id, digest: digestOf(body), nextAt: null, target };
}

/** Makes or changes the one comment about a run. */
export async function sayStatus(saying: RunSaying): Promise<Said> {
  const { report, run, voice } = saying;
  const mark = commentMark(run.id);
  const body = saying.marks.seal(finalText(runText(saying), saying.mask, mark));
  const words = { mark, body };
  const digest = digestOf(body);
  const nextAt = nextLook(run, saying.nowMs);
  if (report.remoteId === null) return said(await placeComment(saying, words), { digest, nextAt });
  if (digest === report.said) return { remoteId: report.remoteId, digest, nextAt };
  const isThere = await isChanged(reportThread(voice, report.target).update(report.remoteId, body));
  if (isThere) return { remoteId: report.remoteId, digest, nextAt };
  const moved = report.target.moved ? undefined : await whereItWent(saying);
  if (moved) return said(await placeComment(moved, words), { digest, nextAt });
  if (!isOver(run)) return { remoteId: report.remoteId, digest, nextAt: saying.nowMs + REMOVED_MS };
  return said(await placeComment(saying, words), { digest, nextAt });
}

function said({ id, target }: Placed, rest: Pick<Said, 'digest' | 'nextAt'>): Said {
  return { remoteId: id, target, ...rest };
}

/** The same thing to say where the thread is by now; a comment moves with its issue, and is looked for there. */
async function whereItWent<S extends Saying>(saying: S): Promise<S | undefined> {
  const { report, voice } = saying;
  const target = await reportThread(voice, report.target)
    .moved()
    .catch((error: unknown) => void isGone(error));
  return target && { ...saying, report: { ...report, target, attempts: 2 } };
}

/** Makes or changes the check of a run on the pull request's commit. */
export async function sayCheck(saying: RunSaying): Promise<Said> {
  const { report, run, voice, link, nowMs } = saying;
  const state = checkState(run, { summary: finalText(runText(saying), saying.mask), link, nowMs });
  const digest = digestOf(JSON.stringify([state.status, state.conclusion, state.title]));
  const nextAt = nextLook(run, nowMs);
  if (report.remoteId !== null && digest === report.said)
    return { remoteId: report.remoteId, digest, nextAt };
  const { owner, repository: repo } = report.target;
  if (report.remoteId !== null) {
    await updateCheck(voice.client, { owner, repo, id: report.remoteId, state });
    return { remoteId: report.remoteId, digest, nextAt };
  }
  const sha = await commitOf(saying);
  if (sha === undefined)
    return { remoteId: null, digest: '', nextAt: nextAt === null ? null : nowMs + COMMIT_UNKNOWN_MS };
  return { remoteId: await placeCheck(saying, sha, state), digest, nextAt };
}

function nextLook(run: Run, nowMs: number): number | null {
  if (isOver(run)) return null;
  const isYoung = nowMs - (run.startedAt ?? run.queuedAt) < FIRST_MINUTE_MS;
  return nowMs + (isYoung ? FIRST_LOOKS_MS : LOOK_AGAIN_MS);
}

function runText(saying: RunSaying): string {
  return isOver(saying.run)
    ? saying.render('ended', endedValues(saying.run, saying))
    : saying.render('running', runningValues(saying.run, saying));
}

/** A comment that was perhaps posted before a crash or a lost answer is looked for, and changed, before one is made. */
async function placeComment(
  { report, voice, marks }: Saying,
  { mark, body }: { mark: string; body: string },
): Promise<Placed> {
  const thread = reportThread(voice, report.target);
  const isSealed = (text: string): boolean => marks.isSealed(text, markName(mark));
  const found = report.attempts > 1 ? await thread.find(mark, isSealed) : undefined;
  const there = found?.target ? reportThread(voice, found.target) : thread;
  const kept = report.target.moved ? { target: report.target } : {};
  if (found && (await isChanged(there.update(found.id, body)))) return { ...kept, ...found };
  return { ...kept, ...(await there.create(body)) };
}

/** The commit that the event named, else the one that was checked out, else the pull request's head by now. */
async function commitOf({ report, run, timeline, voice }: RunSaying): Promise<string | undefined> {
  const { sha, isCheckout } = report.content;
  if (sha !== undefined) return sha;
  const commit = timeline.findLast(({ kind }) => kind === 'checkout')?.data.commit;
  if (isCheckout && typeof commit === 'string') return commit;
  if (isCheckout && !isOver(run)) return undefined;
  const { owner, repository: repo, number } = report.target;
  return (await fetchPullRequest(voice.client, { owner, repo, number })).headSha;
}

async function placeCheck(
  { report, run, voice }: RunSaying,
  sha: string,
  state: CheckState,
): Promise<number> {
  const { owner, repository: repo } = report.target;
  const named = { owner, repo, sha, name: checkRunName(run.profile), externalId: run.id };
  const found = report.attempts > 1 ? await findCheck(voice.client, named) : undefined;
  if (found === undefined) return await createCheck(voice.client, { ...named, state });
  await updateCheck(voice.client, { owner, repo, id: found, state });
  return found;
}

async function isChanged(update: Promise<void>): Promise<boolean> {
  return await update.then(
    () => true,
    (error: unknown) => isGone(error) !== 'gone',
  );
}

/** `gone` when the comment was removed or is somebody else's; any other fault is thrown on. */
function isGone(error: unknown): 'gone' {
  if (error instanceof FlowError && ['github_not_found', 'github_refused'].includes(error.code))
    return 'gone';
  throw error;
}

function digestOf(text: string): string {
  return hash('sha256', text);
}
