import { asFlowError, type Problem } from '../../base/errors.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import { isCommentKind, type Thread } from '../../github/threads.ts';
import { isBot, isNamedByLogin, isSameLogin } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { authorize } from '../admission/authorize.ts';
import { commentIdOf, notedChanges, threadOf, withLock } from '../admission/thread-state.ts';
import { readDelivered } from '../delivered.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { isAboutDiscussion } from '../reporting/report-targets.ts';
import {
  closedMeanwhile,
  commentDeleted,
  type RecheckPoint,
  rightLost,
  threadClosed,
  threadGone,
  threadMoved,
  worldUnknown,
} from './errors.ts';

/** What a recheck takes from the rest of the service. */
export type RecheckParts = {
  lookups: Lookups;
  own: ServiceAccount;
  runs: Pick<RunStore, 'timeline' | 'note'>;
};

/** What is known by now of the thread that a run is about. */
type ThreadNow = ReturnType<typeof notedChanges> & { thread: Thread };

/** An admitted run with the profile and event that it was admitted by. */
type AdmittedRun = { run: Run; profile: Profile; event: FlowEvent };

/**
 * Asks GitHub again, just before an attempt starts and before anything is published: whether the actor is still allowed,
 * and whether the thread and the comment are unchanged. Gives why not. Throws `world_unknown` when GitHub does not answer
 * about the actor, which passes; a thread that cannot be read stops no start.
 */
export async function recheck(
  parts: RecheckParts,
  asked: AdmittedRun,
  moment: RecheckPoint,
): Promise<Problem | undefined> {
  const { run, profile } = asked;
  const event = { ...asked.event, actor: await actorNow(parts, asked) };
  const now = await lookAtThread(parts, { run, profile, event }, moment);
  const change = threadChange({ event, repositoryId: run.repositoryId }, now, moment);
  if (change) return change;
  const isLocked = typeof now.thread === 'object' ? now.thread.isLocked : now.isLocked;
  const answer = await authorize(parts, profile, isLocked === undefined ? event : withLock(event, isLocked));
  if (!('denied' in answer)) return undefined;
  const { denied } = answer;
  if (/^(?:permission|team|fork)_unknown$/.test(denied.code)) throw worldUnknown(denied);
  return rightLost(actorOf(asked)?.login ?? '', denied);
}

/** The same before a publication; reads the stored event of the run. */
export async function recheckBeforePublishing(
  parts: RecheckParts & { deliveries: Pick<DeliveryStore, 'find' | 'body'> },
  run: Run,
  profile: Profile,
): Promise<Problem | undefined> {
  const { event } = await readDelivered(parts.deliveries, run.deliveryId);
  return await recheck(parts, { run, profile, event }, 'publish');
}

/** Who started the run last: the sender of its event, or whoever retried it since. */
function actorOf({ run, event }: AdmittedRun): FlowEvent['actor'] {
  if (run.actor === null || (event.actor && isSameLogin(event.actor.login, run.actor))) return event.actor;
  return { login: run.actor, id: run.actorId ?? undefined, type: undefined };
}

/** The account under its current login, if the profile names it by login alone: somebody else may have the old login by now. No answer changes nothing. */
async function actorNow({ lookups }: RecheckParts, asked: AdmittedRun): Promise<FlowEvent['actor']> {
  const { run, profile } = asked;
  const { actors, bots } = profile.allow;
  const actor = actorOf(asked);
  if (actor?.id === undefined || !isNamedByLogin(isBot(actor) ? bots : actors, actor)) return actor;
  const login = await lookups.loginOf(profile, run.repository, actor.id).catch(() => undefined);
  return login === undefined ? actor : { ...actor, login };
}

async function lookAtThread(
  parts: RecheckParts,
  { run, profile, event }: AdmittedRun,
  moment: RecheckPoint,
): Promise<ThreadNow> {
  const noted = notedChanges(await parts.runs.timeline(run.id), event);
  const number = event.attributes.issueNumber;
  const id = commentIdOf(event);
  const kind = event.name;
  // A comment on a commit is in no thread, and is shown to whoever is shown the repository.
  const isAlone = kind === 'commit_comment';
  if (!isAlone && (typeof number !== 'number' || isAboutDiscussion(event)))
    return { thread: 'hidden', ...noted };
  try {
    const thread =
      isAlone || typeof number !== 'number'
        ? 'hidden'
        : await parts.lookups.thread(profile, run.repository, {
            number,
            isPull: event.pullRequest !== undefined,
          });
    const isShown = isAlone || typeof thread === 'object';
    if (moment !== 'start' || id === undefined || !isCommentKind(kind) || !isShown)
      return { thread, ...noted };
    const isThere = await parts.lookups.isCommentThere(profile, run.repository, { kind, id });
    return { thread, ...noted, isCommentGone: noted.isCommentGone || !isThere };
  } catch (error) {
    if (moment === 'publish') throw worldUnknown(asFlowError(error));
    const { code, message, hint } = asFlowError(error).toProblem();
    const text = `GitHub did not say how the thread stands before the start: ${message}`;
    await parts.runs.note(run.id, { kind: 'thread_unknown', text, data: { code, hint } });
    return { thread: 'hidden', ...noted };
  }
}

/**
 * Why a run that was admitted is not wanted any more, or undefined. Only what has changed counts: a thread that was
 * closed when its event came stays a reason for the run.
 */
function threadChange(
  { event, repositoryId }: { event: FlowEvent; repositoryId: number },
  { thread, noted, isCommentGone }: ThreadNow,
  moment: RecheckPoint,
): Problem | undefined {
  const known = threadOf(event);
  const what = nameOf(event);
  if (thread === 'gone') return threadGone(what, moment);
  const ledTo = thread === 'hidden' ? undefined : thread.repositoryId;
  if (ledTo !== undefined && ledTo !== repositoryId) return threadMoved(what, moment);
  const isClosed = noted === 'closed' || (thread !== 'hidden' && !thread.isOpen);
  if (known?.state === 'open' && isClosed)
    return moment === 'start' ? threadClosed(what) : closedMeanwhile(what);
  return moment === 'start' && isCommentGone ? commentDeleted(what) : undefined;
}

function nameOf(event: FlowEvent): string {
  const number = event.attributes.issueNumber ?? '';
  if (event.name === 'commit_comment') return `Commit ${event.commit?.slice(0, 10) ?? ''}`;
  if (event.pullRequest) return `Pull request #${number}`;
  return event.name.startsWith('discussion') ? `Discussion #${number}` : `Issue #${number}`;
}
