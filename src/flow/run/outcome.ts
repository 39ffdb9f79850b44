import { asFlowError, type FlowError } from '../../base/errors.ts';
import type { Outcome, RunResult } from '../../runs/run.ts';

/** Nobody knows how far the agent came. */
const LOST = ['container_lost', 'worker_cut_off', 'host_lost'];

/** The result of a run that failed before its agent started, or on the way. */
export function resultOf(error: unknown): RunResult {
  const fault = asFlowError(error);
  return {
    outcome: outcomeOf(fault),
    reason: fault.toOperatorProblem(),
    exitCode: null,
    finalMessage: null,
    usage: null,
  };
}

/** What somebody did not want any more before it had begun. */
const CANCELLING = ['run_cancelled', 'thread_closed', 'thread_gone', 'thread_moved', 'comment_deleted'];

/** Faults of the profile, the operator's set-up or the sender's words refuse a run; all others fail it. */
function outcomeOf(fault: FlowError): Outcome {
  if (CANCELLING.includes(fault.code)) return 'cancelled';
  if (fault.code === 'world_unknown') return 'refused';
  if (LOST.includes(fault.code)) return 'lost';
  return fault.blame === 'profile' || fault.blame === 'operator' || fault.blame === 'sender'
    ? 'refused'
    : 'failed';
}

/** Whether the engine itself was not there, which is no fault of the run: it can wait. */
export function isEngineGone(error: unknown): boolean {
  return ['engine_unreachable', 'engine_timeout'].includes(asFlowError(error).code);
}

/** Whether the database did not answer, which says nothing about the run: what was to be stored is stored later. */
export function isDatabaseFault(error: unknown): boolean {
  return ['database_busy', 'database_unavailable'].includes(asFlowError(error).code);
}
