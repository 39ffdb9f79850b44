import type { FlowEvent } from '../events/event.ts';
import type { ProfileSet } from '../profiles/match.ts';
import { matchEvent } from '../profiles/match.ts';

/** What people ask of runs in a comment on their thread; `runId` when they named one. */
export type CommentCommand = { name: 'cancel' | 'retry' | 'status'; runId: string | undefined };

const COMMANDS = ['cancel', 'retry', 'status'] as const;

/** The comments in which commands are read. */
const EVENTS = ['issue_comment', 'pull_request_review_comment', 'discussion_comment'];

/**
 * The command of a new comment: the first word of its first line, exactly, with at most the id of a run behind it. A
 * profile whose trigger names the word keeps it for itself.
 */
export function readCommentCommand(event: FlowEvent, profiles: ProfileSet): CommentCommand | undefined {
  if (!EVENTS.includes(event.name) || event.action !== 'created') return undefined;
  const { comment } = event.payload;
  const body = typeof comment === 'object' && comment !== null && 'body' in comment ? comment.body : '';
  const [word = '', runId] = firstLine(String(body ?? '')).split(/[ \t]+/, 3);
  const name = COMMANDS.find((each) => word === `/${each}`);
  if (!name || matchEvent(profiles, event).winner?.conditions.command === word) return undefined;
  return { name, runId: runId === undefined || runId === '' ? undefined : runId };
}

function firstLine(text: string): string {
  return (
    text
      .trimStart()
      .split(/[\r\n]/, 1)[0]
      ?.slice(0, 500)
      .trim() ?? ''
  );
}
