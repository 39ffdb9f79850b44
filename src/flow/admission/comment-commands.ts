import type { Problem } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { FlowEvent } from '../../events/event.ts';
import { commandArgs } from '../../events/from-delivery.ts';
import { matchEvent, type ProfileSet } from '../../profiles/match/match.ts';
import { type NearCommand, nearCommand } from '../../profiles/match/near-command.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { runsOfThread } from '../../runs/store/thread-runs.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { type Authorization, authorize } from './authorize.ts';
import { commandMistyped, commandNoRun, commandNothingToDo, commandProfileGone } from './errors.ts';

/** A request to runs in a comment on their thread; `runId` when the comment names one. */
export type CommentCommand = { name: 'cancel' | 'retry' | 'status'; runId: string | undefined };

/** The names of the commands, without the slash. */
const COMMANDS = ['cancel', 'retry', 'status'] as const;

/** Events whose comments may be commands. */
const COMMENT_EVENTS = ['issue_comment', 'pull_request_review_comment', 'discussion_comment'];

/** Longer texts behind a command name no run. */
const MAX_ARGS_CHARACTERS = 500;

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

/** Whether an event may be a command to runs: a new comment in a thread. */
function hearsCommands({ name, action }: FlowEvent): boolean {
  return COMMENT_EVENTS.includes(name) && action === 'created';
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

/** A cancel is for all runs that it can still end or has ended, a retry for the newest run, a status for that and all active ones. */
function runsMeant({ name }: CommentCommand, runs: readonly Run[]): Run[] {
  const active = runs.filter(({ state }) => state !== 'ended');
  if (name === 'cancel')
    return active.filter(({ state, cancelReason }) => state !== 'reporting' || cancelReason !== null);
  const newest = runs.slice(0, 1);
  return name === 'retry' ? newest : [...new Set([...active, ...newest])];
}

type RunAccess = { profile: Profile; authorization: Authorization };

/** Asks GitHub once for all runs that have the same stored profile. */
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

/** The profile may have been removed, or its `allow` changed, since the run was made. */
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

/** The answer to a word that differs from a command by one letter; `about` is the word. */
type MistypedCommand = {
  profile: Profile;
  problem: Problem;
  permission: string | undefined;
  about: string;
};

/** Senders with one of these get no answer: bots, the service itself, and whoever may not write in the thread. */
const NOT_ANSWERED = ['actor_unknown', 'bot_not_allowed', 'own_account', 'thread_locked'];

/** The word of an event that differs by one letter from a command of a profile or, in comments, of runs. */
export function findMistyped(event: FlowEvent, profiles: ProfileSet): NearCommand | undefined {
  const toRuns = hearsCommands(event) ? COMMANDS.map((name) => `/${name}`) : [];
  return nearCommand(event, profiles, toRuns);
}

/** The answer to a mistyped command; undefined where the thread has no run, or the sender gets no answer. */
export async function answerMistyped(
  parts: CommandParts,
  event: FlowEvent,
  profiles: ProfileSet,
): Promise<MistypedCommand | undefined> {
  const near = findMistyped(event, profiles);
  if (!near) return undefined;
  const { profile, denied, permission } = near.profile
    ? await checkSender(parts, event, near.profile)
    : await checkSenderOfStatus(parts, event, profiles);
  if (!profile || (denied && NOT_ANSWERED.includes(denied.code))) return undefined;
  return { profile, problem: commandMistyped(near), permission, about: near.word };
}

type SenderAccess = {
  profile: Profile | undefined;
  denied: Problem | undefined;
  permission: string | undefined;
};

async function checkSender(parts: CommandParts, event: FlowEvent, profile: Profile): Promise<SenderAccess> {
  const authorization = await authorize(parts, profile, event);
  const { permission } = authorization;
  return { profile, permission, denied: 'denied' in authorization ? authorization.denied : undefined };
}

/** A /status may be about any run of the thread. */
async function checkSenderOfStatus(
  parts: CommandParts,
  event: FlowEvent,
  profiles: ProfileSet,
): Promise<SenderAccess> {
  const meant = await commandTargets(parts, event, { name: 'status', runId: undefined }, profiles);
  const { profile, permission } = meant;
  return { profile, permission, denied: 'problem' in meant ? meant.problem : undefined };
}
