import type { AgentEnd, AgentEvents, AgentTurn } from '../../agents/agent.ts';
import { asFlowError, type FlowError } from '../../base/errors.ts';
import type { RunLimits } from '../../base/run-limits.ts';
import type { ContainerEnd } from '../../containers/supervise/container-end.ts';
import type { EndReason, Outcome, RunResult } from '../../runs/run.ts';
import {
  agentFailed,
  containerLost,
  deadlinePassed,
  diskLimit,
  outOfMemory,
  outputLimit,
  outputStalled,
  setupFailed,
  startFailed,
  workspaceLimit,
} from './errors.ts';

/** Codes after which nobody knows how far the agent came. */
const LOST = ['container_lost', 'worker_cut_off', 'host_lost'];

/** The result of a run that failed before its agent started, or on the way. */
export function resultOf(error: unknown): RunResult {
  const issue = asFlowError(error);
  return {
    outcome: outcomeOf(issue),
    reason: issue.toOperatorProblem(),
    exitCode: null,
    finalMessage: null,
    usage: null,
  };
}

/** Codes of what ended a run that was not wanted any more. */
const CANCELLING = ['run_cancelled', 'thread_closed', 'thread_gone', 'thread_moved', 'comment_deleted'];

/** Errors of the profile, the operator's settings or the sender's comment refuse a run; all others fail it. */
function outcomeOf(issue: FlowError): Outcome {
  if (CANCELLING.includes(issue.code)) return 'cancelled';
  if (issue.code === 'world_unknown') return 'refused';
  if (LOST.includes(issue.code)) return 'lost';
  return issue.blame === 'profile' || issue.blame === 'operator' || issue.blame === 'sender'
    ? 'refused'
    : 'failed';
}

/** What a container's end means for its run: null is success. */
export function judgeEnd(
  end: ContainerEnd,
  run: { id: string; limits: RunLimits },
  cancelled: FlowError | undefined,
): { outcome: Outcome; reason: EndReason | null } {
  const { limits } = run;
  switch (end.endedBy) {
    case 'deadline':
      return { outcome: 'timed_out', reason: deadlinePassed(limits.timeoutSec).toProblem() };
    case 'done':
      return { outcome: 'succeeded', reason: null };
    case 'stall':
      return { outcome: 'stalled', reason: outputStalled(limits.stallTimeoutSec).toProblem() };
    case 'output_limit':
      return { outcome: 'failed', reason: outputLimit(limits.logBytes * 10).toProblem() };
    case 'disk_limit':
      return { outcome: 'failed', reason: diskLimit(limits.diskBytes).toProblem() };
    case 'workspace_limit':
      return { outcome: 'failed', reason: workspaceLimit(limits.workspaceBytes).toProblem() };
    case 'engine':
      return { outcome: 'lost', reason: containerLost().toProblem() };
    case 'cancel':
      return {
        outcome: cancelled?.code === 'worker_cut_off' ? 'lost' : 'cancelled',
        reason: cancelled?.toProblem() ?? null,
      };
    case 'exit':
      return judgeExit(end, run);
  }
}

function judgeExit(
  end: ContainerEnd,
  { id, limits }: { id: string; limits: RunLimits },
): { outcome: Outcome; reason: EndReason | null } {
  if (end.exitCode === 0) return { outcome: 'succeeded', reason: null };
  if (end.startFailure?.stage === 'setup')
    return { outcome: 'failed', reason: setupFailed(id, end.startFailure.exitCode).toProblem() };
  if (end.startFailure) return { outcome: 'failed', reason: startFailed(end.startFailure.text).toProblem() };
  if (end.outOfMemory) return { outcome: 'failed', reason: outOfMemory(limits.memoryBytes).toProblem() };
  return { outcome: 'failed', reason: agentFailed(id, end.exitCode ?? -1).toProblem() };
}

/** The outcome of a run, and a note for its timeline; null is none. */
type TurnOutcome = { outcome: Outcome; reason: EndReason | null; note: string | null };

/** The agent whose events were read, and the state of its turn. */
export type AgentReading = { judge: AgentEvents['judge']; turn: AgentTurn };

/** Ends that do not count against an agent that has finished its turn: only its process had not ended. */
const PATIENCE_ENDED: readonly ContainerEnd['endedBy'][] = ['done', 'stall', 'deadline'];

/**
 * Has the agent judge its end. `byEnd` is what the end means without its events; `agent` is null for a handler without
 * events, and with `isUnread` some of them may have been missed.
 */
export function judgeByAgent(
  byEnd: Omit<TurnOutcome, 'note'>,
  end: ContainerEnd,
  { agent, isUnread }: { agent: AgentReading | null; isUnread: boolean },
): TurnOutcome {
  if (!agent || end.startFailure || end.outOfMemory) return { ...byEnd, note: null };
  const { turn, judge } = agent;
  const answer = judge({ turn, exitCode: end.exitCode, endedBy: enderOf(end), isUnread });
  if (answer.kind === 'failed') return { outcome: 'failed', reason: answer.issue.toProblem(), note: null };
  return answer.kind === 'succeeded'
    ? { outcome: 'succeeded', reason: null, note: answer.note }
    : { ...byEnd, note: answer.note };
}

function enderOf({ endedBy }: ContainerEnd): AgentEnd['endedBy'] {
  if (endedBy === 'exit') return 'exit';
  return PATIENCE_ENDED.includes(endedBy) ? 'patience' : 'order';
}
