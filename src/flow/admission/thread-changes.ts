import type { Db } from '../../db/open.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { runsOfThread } from '../../runs/store/thread-runs.ts';
import { commentIdOf, HEARD } from './world-change.ts';

/** Runs of a thread that are told of it, and for how long after their end, because a publication may still wait. */
const RUNS_TOLD = 50;
const TOLD_MS = 24 * 3_600_000;

/** Events whose thread opens and closes, and those whose comment may be deleted. */
const THREADS = ['issues', 'pull_request', 'discussion'];
/** What ends a thread here; one that was transferred, GitHub may lead to where this credential sees nothing. */
const ENDS = ['closed', 'deleted', 'transferred'];
const COMMENTS = ['issue_comment', 'pull_request_review_comment', 'discussion_comment', 'commit_comment'];

/** What an event says of its thread, or of a comment in it, that matters to runs that were started before it. */
function newsOf({ name, action }: FlowEvent): (typeof HEARD)[keyof typeof HEARD] | undefined {
  if (COMMENTS.includes(name)) return action === 'deleted' ? HEARD.deleted : undefined;
  if (!THREADS.includes(name)) return undefined;
  if (action === 'reopened') return HEARD.reopened;
  return ENDS.includes(action ?? '') ? HEARD.closed : undefined;
}

/** Notes in the runs of a thread that it was closed, opened again, or that a comment was deleted: GitHub's API may be behind its own deliveries. Noting it again changes nothing. */
export async function noteThreadChanges(
  parts: { db: Db; runs: Pick<RunStore, 'note'>; clock: { now(): number } },
  event: FlowEvent,
): Promise<void> {
  const kind = newsOf(event);
  const issueNumber = event.attributes.issueNumber;
  if (!kind || !event.repository || typeof issueNumber !== 'number') return;
  const runs = await runsOfThread(parts.db, { repositoryId: event.repository.id, issueNumber }, RUNS_TOLD);
  const since = parts.clock.now() - TOLD_MS;
  const comment = kind === HEARD.deleted ? { comment: commentIdOf(event) ?? 0 } : {};
  const text = `GitHub told of ${event.name} ${event.action}.`;
  for (const run of runs.filter(
    ({ endedAt, deliveryId }) => deliveryId !== event.deliveryId && (endedAt ?? since) >= since,
  ))
    await parts.runs.note(run.id, { kind, text, data: comment });
}
