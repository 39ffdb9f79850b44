import { isObject } from '../../base/json.ts';
import type { Db } from '../../db/open.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { TimelineEntry } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { runsOfThread } from '../../runs/store/thread-runs.ts';

/** Timeline entries about the thread of a run, and about the comment that started it. */
const CHANGES = {
  ...{ closed: 'thread_closed', reopened: 'thread_reopened', deleted: 'comment_deleted' },
  ...{ locked: 'thread_locked', unlocked: 'thread_unlocked' },
} as const;

/** Runs of a thread that get such an entry, and for how long after their end: a publication may still wait. */
const RUNS_NOTED = 50;
const NOTED_MS = 24 * 3_600_000;

/** Events whose thread opens and closes, and those whose comment may be deleted. */
const THREADS = ['issues', 'pull_request', 'discussion'];
/** Actions that end a thread here. GitHub may lead to a transferred one where this credential sees nothing. */
const ENDS = ['closed', 'deleted', 'transferred'];
const COMMENTS = ['issue_comment', 'pull_request_review_comment', 'discussion_comment', 'commit_comment'];

const THREAD_KEYS = ['issue', 'pull_request', 'discussion'] as const;

/** The issue, pull request or discussion of an event, as its payload has it. */
export function threadOf({ payload }: FlowEvent): Record<string, unknown> | undefined {
  return THREAD_KEYS.map((key) => payload[key]).find(isObject);
}

/** The id of the comment that an event is about. */
export function commentIdOf({ payload: { comment } }: FlowEvent): number | undefined {
  return isObject(comment) && typeof comment.id === 'number' ? comment.id : undefined;
}

/** Whether the conversation that an event belongs to is locked: https://docs.github.com/communities/moderating-comments-and-conversations/locking-conversations */
export function isLocked({ payload }: FlowEvent): boolean {
  return THREAD_KEYS.some((key) => {
    const thread = payload[key];
    return isObject(thread) && thread.locked === true;
  });
}

/** The event as it would come now: its thread is locked or not as GitHub says. */
export function withLock(event: FlowEvent, isLockedNow: boolean): FlowEvent {
  const { payload } = event;
  const key = THREAD_KEYS.find((each) => isObject(payload[each]));
  if (key === undefined) return event;
  return { ...event, payload: { ...payload, [key]: { ...(payload[key] as object), locked: isLockedNow } } };
}

/**
 * Notes in the runs of a thread that it was closed, opened again, locked or unlocked, or that a comment was deleted:
 * GitHub's API may be behind its own deliveries, and tells nothing of discussions. Noting it again changes nothing.
 */
export async function noteThreadChanges(
  parts: { db: Db; runs: Pick<RunStore, 'note'>; clock: { now(): number } },
  event: FlowEvent,
): Promise<void> {
  const kind = changeOf(event);
  const issueNumber = event.attributes.issueNumber;
  if (!kind || !event.repository || typeof issueNumber !== 'number') return;
  const runs = await runsOfThread(parts.db, { repositoryId: event.repository.id, issueNumber }, RUNS_NOTED);
  const since = parts.clock.now() - NOTED_MS;
  const data = kind === CHANGES.deleted ? { comment: commentIdOf(event) ?? 0 } : {};
  const text = `GitHub delivered ${event.name} ${event.action}.`;
  for (const { id, endedAt, deliveryId } of runs)
    if (deliveryId !== event.deliveryId && (endedAt ?? since) >= since)
      await parts.runs.note(id, { kind, text, data });
}

/** What an event says of its thread, or of a comment in it, that matters to runs that were started before it. */
function changeOf({ name, action }: FlowEvent): (typeof CHANGES)[keyof typeof CHANGES] | undefined {
  if (COMMENTS.includes(name)) return action === 'deleted' ? CHANGES.deleted : undefined;
  if (!THREADS.includes(name)) return undefined;
  if (action === 'reopened' || action === 'locked' || action === 'unlocked') return CHANGES[action];
  return ENDS.includes(action ?? '') ? CHANGES.closed : undefined;
}

/** What deliveries have said of a run's thread and of its comment since the run was made; the newest counts. */
export function notedChanges(
  timeline: readonly TimelineEntry[],
  event: FlowEvent,
): { noted: 'closed' | 'open' | undefined; isLocked: boolean | undefined; isCommentGone: boolean } {
  const last = timeline.findLast(({ kind }) => kind === CHANGES.closed || kind === CHANGES.reopened);
  const lock = timeline.findLast(({ kind }) => kind === CHANGES.locked || kind === CHANGES.unlocked);
  const id = commentIdOf(event);
  return {
    noted: last && (last.kind === CHANGES.closed ? 'closed' : 'open'),
    isLocked: lock && lock.kind === CHANGES.locked,
    isCommentGone:
      id !== undefined &&
      timeline.some(({ kind, data }) => kind === CHANGES.deleted && String(data.comment) === String(id)),
  };
}
