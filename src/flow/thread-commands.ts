import { asFlowError, type Problem } from '../base/errors.ts';
import type { FlowEvent } from '../events/event.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Run } from '../runs/run.ts';
import { findStart, recordStart } from '../runs/start-store.ts';
import { runsOfThread } from '../runs/thread-runs.ts';
import { askActor } from './actor.ts';
import { refuseBeyondLimits } from './admission-limits.ts';
import type { AdmissionParts } from './admission-parts.ts';
import type { CommentCommand } from './comment-command.ts';
import { requestRetry } from './retry.ts';
import { startOf } from './start.ts';
import { wantStatus } from './tell.ts';

/** What came of a command: done, or why not; `profile` is that of the run it was about, undefined when the thread has none. */
export type CommandAnswer = {
  reason: string;
  message: string;
  profile: Profile | undefined;
  problem?: Problem;
  permission?: string | undefined;
};

/** How many runs of a thread are looked at. */
const RUNS_SEEN = 50;

/** Does what a comment asks of the runs of its thread, each by the permission rules of the profile that made it. Doing it again changes nothing. */
export async function obey(
  parts: AdmissionParts,
  event: FlowEvent,
  command: CommentCommand,
): Promise<CommandAnswer> {
  const runs = await runsMeant(parts, event, command);
  const [newest] = runs;
  if (!newest) return noRun(command);
  const profile = JSON.parse(await parts.runs.profileJson(newest.id)) as Profile;
  const judgement = await askActor(parts, profile, event);
  const { permission } = judgement;
  if ('denied' in judgement) return refused(judgement.denied, profile, permission);
  const targets = await allowedOf(parts, event, command, runs);
  const answer = await act(parts, event, { command, targets, machine: judgement.machine });
  return 'code' in answer ? refused(answer, profile, permission) : { ...answer, profile, permission };
}

async function runsMeant(parts: AdmissionParts, event: FlowEvent, { runId }: CommentCommand): Promise<Run[]> {
  const { repository, attributes } = event;
  if (!repository || typeof attributes.issueNumber !== 'number') return [];
  const thread = { repositoryId: repository.id, issueNumber: attributes.issueNumber };
  const runs = await runsOfThread(parts.db, thread, RUNS_SEEN);
  return runId === undefined ? runs : runs.filter(({ id }) => id === runId);
}

/** The runs that the command is about, of those whose own profile lets the sender: all that live to cancel, the newest to retry. */
async function allowedOf(
  parts: AdmissionParts,
  event: FlowEvent,
  { name }: CommentCommand,
  runs: readonly Run[],
): Promise<Run[]> {
  const living = runs.filter(({ state }) => state !== 'ended');
  const meant =
    name === 'cancel'
      ? living
      : name === 'retry'
        ? runs.slice(0, 1)
        : [...new Set([...living, ...runs.slice(0, 1)])];
  const allowed: Run[] = [];
  for (const run of meant) {
    const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
    if (!('denied' in (await askActor(parts, profile, event)))) allowed.push(run);
  }
  return allowed;
}

type Order = { command: CommentCommand; targets: readonly Run[]; machine: boolean };

async function act(
  parts: AdmissionParts,
  event: FlowEvent,
  order: Order,
): Promise<{ reason: string; message: string } | Problem> {
  const { command, targets } = order;
  const login = event.actor?.login ?? '';
  const [first] = targets;
  if (!first) return nothingToDo(command);
  if (command.name === 'retry') return await retry(parts, event, first, order.machine);
  if (command.name === 'status') {
    for (const run of targets) await wantStatus(parts, run);
    return { reason: 'command_status', message: `${login} asked for the status of ${names(targets)}.` };
  }
  for (const run of targets) await parts.runs.requestCancel(run.id, `${login} asked for it in a comment.`);
  return { reason: 'command_cancel', message: `${login} cancelled ${names(targets)}.` };
}

/** Counts as a start of its own, held to the same limits; a delivery counts once, however often it is decided. */
async function retry(
  parts: AdmissionParts,
  event: FlowEvent,
  run: Run,
  machine: boolean,
): Promise<{ reason: string; message: string } | Problem> {
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const start = startOf(parts, { event, profile, runId: run.id, machine });
  const id = `retry:${event.deliveryId}`;
  const before = await parts.db.transaction(async (trx) => await findStart(trx, id));
  if (before !== undefined && (run.endedAt === null || run.endedAt > before)) return retried(event, run);
  if (run.state !== 'ended') return notEnded(run);
  const denied = await parts.db.transaction(async (trx) => {
    if ((await findStart(trx, id)) !== undefined) return undefined;
    const beyond = await refuseBeyondLimits(trx, parts.limits, profile, start);
    if (!beyond) await recordStart(trx, start, id);
    return beyond;
  });
  if (denied) return denied;
  try {
    await requestRetry(parts, run.id, `${event.actor?.login ?? ''} asked for it in a comment.`);
    await parts.reports.reopen(run.id);
  } catch (error) {
    return asFlowError(error).toProblem();
  }
  return retried(event, run);
}

function retried(event: FlowEvent, run: Run): { reason: string; message: string } {
  return { reason: 'command_retry', message: `${event.actor?.login} had run ${run.id} tried again.` };
}

function refused(problem: Problem, profile: Profile, permission: string | undefined): CommandAnswer {
  return {
    reason: problem.code,
    message: `${problem.message} ${problem.mend}`,
    profile,
    problem,
    permission,
  };
}

/** Said in the decision alone: the comment may be meant for another service. */
function noRun({ name, runId }: CommentCommand): CommandAnswer {
  const which = runId === undefined ? 'no run' : `no run ${runId.slice(0, 50)}`;
  return {
    reason: 'command_no_run',
    message: `The comment says /${name}, but this thread has ${which}.`,
    profile: undefined,
  };
}

function nothingToDo({ name }: CommentCommand): Problem {
  return {
    code: 'command_nothing_to_do',
    message: `There is no run of this thread that /${name} could be about: none is under way, or the sender may not.`,
    mend: 'Say /status to see the newest run, /retry to have it tried again.',
  };
}

function notEnded(run: Run): Problem {
  return {
    code: 'command_not_ended',
    message: `Run ${run.id} has not ended, so it cannot be tried again yet.`,
    mend: 'Wait for its end, or say /cancel first.',
  };
}

function names(runs: readonly Run[]): string {
  return runs.length === 1 ? `run ${runs[0]?.id}` : `${runs.length} runs`;
}
