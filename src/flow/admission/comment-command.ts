import { commandArgs } from '../../events/attributes.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ProfileSet } from '../../profiles/match/match.ts';
import { matchEvent } from '../../profiles/match/match.ts';

/** What people ask of runs in a comment on their thread; `runId` when they named one. */
export type CommentCommand = { name: 'cancel' | 'retry' | 'status'; runId: string | undefined };

/** Their names, without the slash. */
export const COMMANDS = ['cancel', 'retry', 'status'] as const;

/** The comments in which commands are read. */
const EVENTS = ['issue_comment', 'pull_request_review_comment', 'discussion_comment'];

/**
 * The command of a new comment: the first word of its first line, exactly, with at most the id of a run behind it. A
 * profile whose trigger names the word keeps it for itself.
 */
export function readCommentCommand(event: FlowEvent, profiles: ProfileSet): CommentCommand | undefined {
  if (!hearsCommands(event)) return undefined;
  const { command } = event.attributes;
  const name = COMMANDS.find((each) => command === `/${each}`);
  if (!name || matchEvent(profiles, event).winner?.conditions.command === command) return undefined;
  const [runId = ''] = (commandArgs(event) ?? '').slice(0, MAX_ARGS_CHARACTERS).split(/\s+/, 1);
  return { name, runId: runId === '' ? undefined : runId };
}

/** Longer texts behind a command name no run. */
const MAX_ARGS_CHARACTERS = 500;

/** Whether commands to runs are read in what an event is about: a new comment in a thread. */
export function hearsCommands({ name, action }: FlowEvent): boolean {
  return EVENTS.includes(name) && action === 'created';
}
