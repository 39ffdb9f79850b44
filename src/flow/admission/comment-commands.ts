import type { Problem } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { commandArgs } from '../../events/attributes.ts';
import type { FlowEvent } from '../../events/event.ts';
import { matchEvent, type ProfileSet } from '../../profiles/match/match.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { runsOfThread } from '../../runs/store/thread-runs.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { type Authorization, authorize } from './authorize.ts';
import { commandNoRun, commandNothingToDo, commandProfileGone } from './errors.ts';

/** A request to runs in a comment on their thread; `runId` when the comment names one. */
export type CommentCommand = { name: 'cancel' | 'retry' | 'status'; runId: string | undefined };

/** Their names, without the slash. */
export const COMMANDS = ['cancel', 'retry', 'status'] as const;

/** Events whose comments may be commands. */
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

/** Whether an event may be a command to runs: a new comment in a thread. */
export function hearsCommands({ name, action }: FlowEvent): boolean {
  return EVENTS.includes(name) && action === 'created';
}

/** What finding the runs of a command takes from the rest of the service. */
export type CommandParts = {
  db: Db;
  runs: Pick<RunStore, 'profile'>;
  lookups: Lookups;
  own: ServiceAccount;
};

/** The runs that a command is about and that its sender may command; `profile` is that of the run which decided. */
type CommandTargets = {
  targets: readonly [Run, ...Run[]];
  profile: Profile;
  permission: string | undefined;
  byBot: boolean;
};

/** A command with the runs that it is about. */
export type CommandOrder = CommandTargets & { command: CommentCommand };

/** Why there are no such runs; `profile` is undefined when the thread has no run. */
type NoTargets = { problem: Problem; profile: Profile | undefined; permission: string | undefined };

/** How many runs of a thread are read. */
const RUNS_SEEN = 50;

/**
 * The runs that a command is about and that its sender may command, by the profile that made each run; a retry also by
 * the profile of today. Changes nothing.
 */
export async function commandTargets(
  parts: CommandParts,
  event: FlowEvent,
  command: CommentCommand,
  profiles: ProfileSet,
): Promise<CommandTargets | NoTargets> {
  const thread = await threadRuns(parts, event);
  const [newest] = thread;
  if (!newest) return { problem: commandNoRun(command), profile: undefined, permission: undefined };
  const named = thread.filter(({ id }) => command.runId === undefined || id === command.runId);
  const meant = runsMeant(command, named);
  const accessTo = createAccessCheck(parts, event);
  const accesses: (RunAccess & { run: Run })[] = [];
  for (const run of meant.length > 0 ? meant : [newest]) accesses.push({ run, ...(await accessTo(run)) });
  const [first] = accesses.filter((each) => !('denied' in each.authorization));
  const { authorization, profile } = first ?? accesses[0] ?? (await accessTo(newest));
  const { permission } = authorization;
  if ('denied' in authorization) return { problem: authorization.denied, profile, permission };
  const targets = meant.filter((run) =>
    accesses.some((each) => each.run === run && !('denied' in each.authorization)),
  );
  const [target, ...others] = targets;
  if (!target)
    return {
      problem: named.length === 0 ? commandNoRun(command) : commandNothingToDo(command.name),
      profile,
      permission,
    };
  const today = command.name === 'retry' ? await refuseToday(parts, event, target, profiles) : undefined;
  if (today) return { problem: today, profile, permission };
  return { targets: [target, ...others], profile, permission, byBot: authorization.byBot };
}

async function threadRuns({ db }: CommandParts, { repository, attributes }: FlowEvent): Promise<Run[]> {
  if (!repository || typeof attributes.issueNumber !== 'number') return [];
  const thread = { repositoryId: repository.id, issueNumber: attributes.issueNumber };
  return await runsOfThread(db, thread, RUNS_SEEN);
}

/** Of a cancel all living runs, of a retry the newest, of a status both. */
function runsMeant({ name }: CommentCommand, runs: readonly Run[]): Run[] {
  const living = runs.filter(({ state }) => state !== 'ended');
  if (name === 'cancel') return living;
  const newest = runs.slice(0, 1);
  return name === 'retry' ? newest : [...new Set([...living, ...newest])];
}

type RunAccess = { profile: Profile; authorization: Authorization };

/** Asks once for all runs that were made by the same text of a profile. */
function createAccessCheck(parts: CommandParts, event: FlowEvent): (run: Run) => Promise<RunAccess> {
  const known = new Map<string, RunAccess>();
  return async (run) => {
    const profile = await parts.runs.profile(run.id);
    const key = JSON.stringify(profile);
    const access = known.get(key) ?? { profile, authorization: await authorize(parts, profile, event) };
    known.set(key, access);
    return access;
  };
}

/** The operator may have shut the sender out since the run was made. */
async function refuseToday(
  parts: CommandParts,
  event: FlowEvent,
  run: Run,
  { candidates }: ProfileSet,
): Promise<Problem | undefined> {
  const profile = candidates.find((each) => each.profile.path === run.profile)?.profile;
  if (!profile) return commandProfileGone(run);
  const authorization = await authorize(parts, profile, event);
  return 'denied' in authorization ? authorization.denied : undefined;
}
