import { asFlowError, type Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import { findStart, recordStart } from '../../runs/store/start-store.ts';
import { requestRetry } from '../actions/retry-policy.ts';
import { wantStatus } from '../reporting/status-comment.ts';
import type { AdmissionParts } from './admission-parts.ts';
import { commandTargets } from './command-targets.ts';
import type { CommentCommand } from './comment-command.ts';
import { refuseBeyondLimits } from './limits.ts';
import { startOf } from './start.ts';

/** What came of a command: done, or why not; `profile` is that of the run it was about, undefined when the thread has none. */
export type CommandAnswer = {
  reason: string;
  message: string;
  profile: Profile | undefined;
  problem?: Problem;
  permission?: string | undefined;
};

/** Does what a comment asks of the runs of its thread that the sender may command. Doing it again changes nothing. */
export async function obey(
  parts: AdmissionParts,
  event: FlowEvent,
  command: CommentCommand,
): Promise<CommandAnswer> {
  const meant = await commandTargets(parts, event, command, parts.registry.current());
  const { profile, permission } = meant;
  if ('problem' in meant) return refused(meant.problem, profile, permission);
  const answer = await act(parts, event, { command, ...meant });
  return 'code' in answer ? refused(answer, profile, permission) : { ...answer, profile, permission };
}

type Order = { command: CommentCommand; targets: readonly [Run, ...Run[]]; machine: boolean };

async function act(
  parts: AdmissionParts,
  event: FlowEvent,
  order: Order,
): Promise<{ reason: string; message: string } | Problem> {
  const { command, targets } = order;
  const login = event.actor?.login ?? '';
  if (command.name === 'retry') return await retry(parts, event, targets[0], order.machine);
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
  const profile = await parts.runs.profile(run.id);
  const by = { machine, isOwn: false };
  const start = startOf(parts, { event, profile, runId: run.id, by });
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
    const why = `${event.actor?.login ?? ''} asked for it in a comment.`;
    await requestRetry(parts, run.id, why, event.actor);
    await parts.reports.reopen(run.id);
  } catch (error) {
    return asFlowError(error).toProblem();
  }
  return retried(event, run);
}

function retried(event: FlowEvent, run: Run): { reason: string; message: string } {
  return { reason: 'command_retry', message: `${event.actor?.login} had run ${run.id} tried again.` };
}

function refused(
  problem: Problem,
  profile: Profile | undefined,
  permission: string | undefined,
): CommandAnswer {
  const message = `${problem.message} ${problem.hint}`;
  return { reason: problem.code, message, profile, problem, permission };
}

/** Only a run that has ended can be tried again. */
export function notEnded(run: Pick<Run, 'id'>): Problem {
  return {
    code: 'command_not_ended',
    message: `Run ${run.id} has not ended, so it cannot be tried again yet.`,
    hint: 'Wait for its end, or say /cancel first.',
  };
}

function names(runs: readonly Run[]): string {
  return runs.length === 1 ? `run ${runs[0]?.id}` : `${runs.length} runs`;
}
