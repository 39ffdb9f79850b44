import type { Problem } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Thread } from '../../github/threads.ts';
import type { TimelineEntry } from '../../runs/run.ts';

/** What is known by now of the thread that a run is about; `heard` is what deliveries said of it since the run was queued. */
export type ThreadNow = { thread: Thread; heard: 'closed' | 'open' | undefined; isCommentGone: boolean };

/** When the world is asked again. */
export type RecheckPoint = 'start' | 'publish';

/** Lines of a timeline that say what was heard of the thread, and of a comment in it. */
export const HEARD = {
  closed: 'thread_closed',
  reopened: 'thread_reopened',
  deleted: 'comment_deleted',
} as const;

/** The issue, pull request or discussion of an event, as its payload has it. */
export function threadOf({ payload }: FlowEvent): Record<string, unknown> | undefined {
  const found = [payload.issue, payload.pull_request, payload.discussion].find(isObject);
  return found;
}

/** The id of the comment that an event is about. */
export function commentIdOf({ payload: { comment } }: FlowEvent): number | undefined {
  return isObject(comment) && typeof comment.id === 'number' ? comment.id : undefined;
}

/** The event as it would come now: its thread is locked or not as GitHub says. */
export function withLock(event: FlowEvent, isLocked: boolean): FlowEvent {
  const { payload } = event;
  const key = (['issue', 'pull_request', 'discussion'] as const).find((each) => isObject(payload[each]));
  if (key === undefined) return event;
  return { ...event, payload: { ...payload, [key]: { ...(payload[key] as object), locked: isLocked } } };
}

/** What deliveries said of a run's thread and of its comment, the last word counting. */
export function heardOf(
  timeline: readonly TimelineEntry[],
  event: FlowEvent,
): Pick<ThreadNow, 'heard' | 'isCommentGone'> {
  const last = timeline.findLast(({ kind }) => kind === HEARD.closed || kind === HEARD.reopened);
  const id = commentIdOf(event);
  return {
    heard: last && (last.kind === HEARD.closed ? 'closed' : 'open'),
    isCommentGone:
      id !== undefined &&
      timeline.some(({ kind, data }) => kind === HEARD.deleted && String(data.comment) === String(id)),
  };
}

/**
 * Why a run that was admitted is not wanted any more, or undefined. Only what has changed counts: a thread that was
 * closed when its event came stays a reason for the run.
 */
export function threadChange(
  { event, repositoryId }: { event: FlowEvent; repositoryId: number },
  { thread, heard, isCommentGone }: ThreadNow,
  moment: RecheckPoint,
): Problem | undefined {
  const known = threadOf(event);
  const what = nameOf(event);
  if (thread === 'gone') return threadGone(what, moment);
  const ledTo = thread === 'hidden' ? undefined : thread.repositoryId;
  if (ledTo !== undefined && ledTo !== repositoryId) return threadMoved(what, moment);
  const isClosed = heard === 'closed' || (thread !== 'hidden' && !thread.isOpen);
  if (known?.state === 'open' && isClosed)
    return moment === 'start' ? threadClosed(what) : closedMeanwhile(what, event.pullRequest !== undefined);
  return moment === 'start' && isCommentGone ? commentDeleted(what) : undefined;
}

/** The same problem as one of somebody who had the right when the event came. */
export function rightLost(login: string, { message, hint }: Problem): Problem {
  return {
    code: 'permission_lost',
    message: `${login} could start this run when it was asked for, and cannot now. ${message}`,
    hint,
  };
}

function nameOf(event: FlowEvent): string {
  const number = event.attributes.issueNumber ?? '';
  if (event.name === 'commit_comment') return `Commit ${event.commit?.slice(0, 10) ?? ''}`;
  if (event.pullRequest) return `Pull request #${number}`;
  return event.name.startsWith('discussion') ? `Discussion #${number}` : `Issue #${number}`;
}

const KEPT = 'the patch is kept with this run (`github-flows runs show`).';

function threadClosed(what: string): Problem {
  return {
    code: 'thread_closed',
    message: `${what} was closed before the agent started, so it was not started.`,
    hint: 'Open it again, and start the run anew when it is still wanted.',
  };
}

function closedMeanwhile(what: string, isPull: boolean): Problem {
  const message = `${what} was closed meanwhile, so nothing was pushed or posted.`;
  const hint = `Open it again and start the run anew; ${KEPT}`;
  return isPull
    ? { code: 'publish_pull_request_closed', message, hint }
    : { code: 'publish_thread_closed', message, hint };
}

function threadMoved(what: string, moment: RecheckPoint): Problem {
  return {
    code: 'thread_moved',
    message: `${what} was moved to another repository.`,
    hint: `Start a run there when it is still wanted${moment === 'publish' ? `; ${KEPT}` : '.'}`,
  };
}

function threadGone(what: string, moment: RecheckPoint): Problem {
  return {
    code: 'thread_gone',
    message: `${what} was deleted, or moved to where this credential sees nothing.`,
    hint:
      moment === 'publish'
        ? `Nothing is published without it; ${KEPT}`
        : 'Start a new run when it is still wanted.',
  };
}

function commentDeleted(what: string): Problem {
  return {
    code: 'comment_deleted',
    message: `The comment on ${what} that asked for this run was deleted before the agent started.`,
    hint: 'Write it again when it is still wanted.',
  };
}
