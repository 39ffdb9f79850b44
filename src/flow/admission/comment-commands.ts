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

/** What judging a command takes from the rest of the service. */
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
  machine: boolean;
};

/** A command with the runs that it is about. */
export type CommandOrder = CommandTargets & { command: CommentCommand };

/** Why there are no such runs; `profile` is undefined when the thread has no run. */
type NoTargets = { problem: Problem; profile: Profile | undefined; permission: string | undefined };

/** How many runs of a thread are looked at. */
const RUNS_SEEN = 50;

/** Whom a command is about, each run by the permission rules of the profile that made it; a retry by those of today besides. Changes nothing. */
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
  const judge = createJudge(parts, event);
  const judged: (Judged & { run: Run })[] = [];
  for (const run of meant.length > 0 ? meant : [newest]) judged.push({ run, ...(await judge(run)) });
  const [first] = judged.filter((each) => !('denied' in each.judgement));
  const { judgement, profile } = first ?? judged[0] ?? (await judge(newest));
  const { permission } = judgement;
  if ('denied' in judgement) return { problem: judgement.denied, profile, permission };
  const targets = meant.filter((run) =>
    judged.some((each) => each.run === run && !('denied' in each.judgement)),
  );
  const [target, ...others] = targets;
  if (!target)
    return {
      problem: named.length === 0 ? commandNoRun(command) : commandNothingToDo(command.name),
      profile,
      permission,
    };
  const today = command.name === 'retry' ? await judgeToday(parts, event, target, profiles) : undefined;
  if (today) return { problem: today, profile, permission };
  return { targets: [target, ...others], profile, permission, machine: judgement.machine };
}

async function threadRuns({ db }: CommandParts, { repository, attributes }: FlowEvent): Promise<Run[]> {
  if (!repository || typeof attributes.issueNumber !== 'number') return [];
  const thread = { repositoryId: repository.id, issueNumber: attributes.issueNumber };
  return await runsOfThread(db, thread, RUNS_SEEN);
}

/** All that live to cancel, the newest to retry, both to tell of. */
function runsMeant({ name }: CommentCommand, runs: readonly Run[]): Run[] {
  const living = runs.filter(({ state }) => state !== 'ended');
  if (name === 'cancel') return living;
  const newest = runs.slice(0, 1);
  return name === 'retry' ? newest : [...new Set([...living, ...newest])];
}

type Judged = { profile: Profile; judgement: Authorization };

/** Runs of one profile, as it was then, are judged once. */
function createJudge(parts: CommandParts, event: FlowEvent): (run: Run) => Promise<Judged> {
  const known = new Map<string, Judged>();
  return async (run) => {
    const profile = await parts.runs.profile(run.id);
    const key = JSON.stringify(profile);
    const judged = known.get(key) ?? { profile, judgement: await authorize(parts, profile, event) };
    known.set(key, judged);
    return judged;
  };
}

/** Whom the operator has shut out since the run was made starts it no more. */
async function judgeToday(
  parts: CommandParts,
  event: FlowEvent,
  run: Run,
  { candidates }: ProfileSet,
): Promise<Problem | undefined> {
  const profile = candidates.find((each) => each.profile.path === run.profile)?.profile;
  if (!profile) return commandProfileGone(run);
  const judgement = await authorize(parts, profile, event);
  return 'denied' in judgement ? judgement.denied : undefined;
}
