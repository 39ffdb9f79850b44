import type { Clock } from '../../base/clock.ts';
import { asFlowError, type Problem } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import { runNotEnded } from '../../runs/errors.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { findStart, recordStart } from '../../runs/store/start-store.ts';
import { cancelRun, retryRun } from '../actions/run-actions.ts';
import { requestStatus } from '../reporting/status-comment.ts';
import type { CommandOrder } from './comment-commands.ts';
import { commandNothingToDo } from './errors.ts';
import { type AdmissionLimits, refuseBeyondLimits, startOf } from './limits.ts';
import type { NoRunReason } from './prefilter.ts';
import { acknowledge, type Resolution, refuseEvent } from './resolution.ts';

/** What carrying out a command takes from the rest of the service. */
export type HandleParts = {
  db: Db;
  deliveries: DeliveryStore;
  runs: RunStore;
  reports: ReportStore;
  limits: AdmissionLimits;
  defaultTimeoutSec: number;
  clock: Clock;
};

/** Carries out a command on its runs. Each step is stored by itself, and repeating it changes nothing. */
export async function handleCommand(
  parts: HandleParts,
  event: FlowEvent,
  order: CommandOrder,
): Promise<Resolution> {
  const { profile, permission } = order;
  const answer = await carryOut(parts, event, order);
  return 'code' in answer
    ? refuseEvent(event, { profile, problem: answer, permission })
    : acknowledge(event, answer, profile);
}

async function carryOut(
  parts: HandleParts,
  event: FlowEvent,
  { command, targets, byBot }: CommandOrder,
): Promise<NoRunReason | Problem> {
  const login = event.actor?.login ?? '';
  if (command.name === 'retry') return await retry(parts, event, targets[0], byBot);
  if (command.name === 'status') {
    for (const run of targets) await requestStatus(parts, run);
    return { reason: 'command_status', message: `${login} asked for the status of ${names(targets)}.` };
  }
  return await cancel(parts, targets, login);
}

/** A run whose agent has ended can no longer be cancelled; one that the same command cancelled before a crash counts. */
async function cancel(
  parts: HandleParts,
  targets: readonly Run[],
  login: string,
): Promise<NoRunReason | Problem> {
  const cancelled: Run[] = [];
  for (const run of targets) {
    const { status } = await cancelRun({ ...parts, isServiceRunning: true }, run, askedBy(login));
    if (status === 'requested' || run.cancelReason === askedBy(login)) cancelled.push(run);
  }
  if (cancelled.length === 0) return commandNothingToDo('cancel');
  return { reason: 'command_cancel', message: `${login} cancelled ${names(cancelled)}.` };
}

/** Counts as a start of its own, under the same limits; a delivery counts once, however often it is decided. */
async function retry(
  parts: HandleParts,
  event: FlowEvent,
  run: Run,
  byBot: boolean,
): Promise<NoRunReason | Problem> {
  const login = event.actor?.login ?? '';
  const done = { reason: 'command_retry', message: `${login} retried run ${run.id}.` };
  const answer = await recordRetry(parts, event, run, byBot);
  if (answer === 'retried_before') return done;
  if (answer !== 'recorded') return answer;
  try {
    await retryRun(parts, run.id, askedBy(login), event.actor);
    await parts.reports.reopen(run.id);
    return done;
  } catch (error) {
    return asFlowError(error).toProblem();
  }
}

/** Counts the start before the run is queued, so that a crash in between leaves a start too many rather than one too few. */
async function recordRetry(
  parts: HandleParts,
  event: FlowEvent,
  run: Run,
  byBot: boolean,
): Promise<'recorded' | 'retried_before' | Problem> {
  const id = `retry:${event.deliveryId}`;
  const profile = await parts.runs.profile(run.id);
  const start = startOf(parts, { event, profile, runId: run.id, by: { byBot, isOwn: false } });
  return await parts.db.transaction(async (trx) => {
    const before = await findStart(trx, id);
    const isRetried = before !== undefined && (run.endedAt === null || run.endedAt > before);
    if (isRetried) return 'retried_before';
    if (run.state !== 'ended') return runNotEnded(run.id).toProblem();
    if (before !== undefined) return 'recorded';
    const beyond = await refuseBeyondLimits(trx, parts.limits, profile, start);
    if (!beyond) await recordStart(trx, start, id);
    return beyond ?? 'recorded';
  });
}

function askedBy(login: string): string {
  return `${login} asked for it in a comment.`;
}

function names(runs: readonly Run[]): string {
  return runs.length === 1 ? `run ${runs[0]?.id}` : `${runs.length} runs`;
}
