import type { Problem } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ProfileSet } from '../../profiles/match/match.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { runsOfThread } from '../../runs/store/thread-runs.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { type ActorJudgement, askActor } from './authorize.ts';
import type { CommentCommand } from './comment-command.ts';

/** What judging a command takes from the rest of the service. */
export type CommandParts = {
  db: Db;
  runs: Pick<RunStore, 'profile'>;
  lookups: Lookups;
  own: ServiceAccount;
};

/** The runs that a command is about and its sender may command, or why there are none; `profile` is that of the run which decided, undefined when the thread has no run. */
export type CommandTargets =
  | { targets: readonly [Run, ...Run[]]; profile: Profile; permission: string | undefined; machine: boolean }
  | { problem: Problem; profile: Profile | undefined; permission: string | undefined };

/** How many runs of a thread are looked at. */
const RUNS_SEEN = 50;

/** Whom a command is about, each run by the permission rules of the profile that made it; a retry by those of today besides. Changes nothing. */
export async function commandTargets(
  parts: CommandParts,
  event: FlowEvent,
  command: CommentCommand,
  profiles: ProfileSet,
): Promise<CommandTargets> {
  const thread = await threadRuns(parts, event);
  const [newest] = thread;
  if (!newest) return { problem: noRun(command), profile: undefined, permission: undefined };
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
    return { problem: named.length === 0 ? noRun(command) : nothingToDo(command), profile, permission };
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

type Judged = { profile: Profile; judgement: ActorJudgement };

/** Runs of one profile, as it was then, are judged once. */
function createJudge(parts: CommandParts, event: FlowEvent): (run: Run) => Promise<Judged> {
  const known = new Map<string, Judged>();
  return async (run) => {
    const profile = await parts.runs.profile(run.id);
    const key = JSON.stringify(profile);
    const judged = known.get(key) ?? { profile, judgement: await askActor(parts, profile, event) };
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
  if (!profile) return profileGone(run);
  const judgement = await askActor(parts, profile, event);
  return 'denied' in judgement ? judgement.denied : undefined;
}

function noRun({ name, runId }: CommentCommand): Problem {
  const which = runId === undefined ? 'no run' : `no run ${JSON.stringify(runId.slice(0, 50))}`;
  return {
    code: 'command_no_run',
    message: `The comment says /${name}, but this thread has ${which}.`,
    hint: 'Say the command by itself, or with the id of a run of this thread behind it.',
  };
}

function nothingToDo({ name }: CommentCommand): Problem {
  return {
    code: 'command_nothing_to_do',
    message: `There is no run of this thread that /${name} could be about: none is under way.`,
    hint: 'Say /status to see the newest run, /retry to have it tried again.',
  };
}

function profileGone(run: Run): Problem {
  return {
    code: 'command_profile_gone',
    message: `Run ${run.id} was started by the profile ${run.profile}, which is not there any more.`,
    hint: 'Start a new run; whoever runs github-flows can start this one again with `github-flows runs retry`.',
  };
}
