import { FlowError } from '../../base/errors.ts';
import type { AgentTurn } from '../../containers/output/agent-reader.ts';
import type { ContainerEnd } from '../../containers/supervise/container-end.ts';
import type { EndReason, Outcome } from '../../runs/run.ts';

/** What came of a run, and what is said of it besides; null is nothing. */
export type TurnOutcome = { outcome: Outcome; reason: EndReason | null; note: string | null };

/** Ends that say nothing against an agent that has finished: it was done, and only its process was not. */
const PATIENCE_ENDED: readonly ContainerEnd['endedBy'][] = ['done', 'stall', 'deadline'];

/**
 * Judges an end by the agent's own words, its exit code, and why it was stopped, together: success is a finished turn,
 * exit code 0, and nobody who stopped it but for want of patience. `byEnd` is what the end means without the words;
 * `turn` is null for a handler without events, and `isUnread` tells that some of them may have been missed.
 */
export function judgeTurn(
  byEnd: Omit<TurnOutcome, 'note'>,
  end: ContainerEnd,
  { turn, isUnread }: { turn: AgentTurn | null; isUnread: boolean },
): TurnOutcome {
  const plain = { ...byEnd, note: null };
  if (!turn || end.startFailure || end.outOfMemory) return plain;
  if (PATIENCE_ENDED.includes(end.endedBy)) {
    if (turn.state === 'completed') return { outcome: 'succeeded', reason: null, note: NOT_ENDED };
    return turn.state === 'failed' ? failed(agentGaveUp(turn.failure)) : plain;
  }
  if (end.endedBy !== 'exit') return plain;
  if (turn.state === 'failed') return failed(agentGaveUp(turn.failure));
  if (end.exitCode !== 0)
    return turn.state === 'completed' ? failed(failedAfterTurn(end.exitCode ?? -1)) : plain;
  if (turn.state === 'completed') return plain;
  return isUnread ? { ...plain, note: NOT_HEARD } : failed(turnUnfinished());
}

const NOT_ENDED =
  'The agent had finished its turn, but its process did not end, so it was stopped; the run counts as done.';
const NOT_HEARD =
  'Part of the output was lost, so it is not known whether the agent finished its turn; its exit code 0 was taken for success.';

function failed(error: FlowError): TurnOutcome {
  return { outcome: 'failed', reason: error.toProblem(), note: null };
}

function agentGaveUp(failure: string): FlowError {
  return new FlowError({
    code: 'agent_gave_up',
    blame: 'agent',
    message: `Codex gave up: ${failure.replace(/\.$/, '')}.`,
    hint: 'If its model or its login was at fault, start the run again later by the same comment; else see what it printed before.',
  });
}

function turnUnfinished(): FlowError {
  return new FlowError({
    code: 'turn_unfinished',
    blame: 'agent',
    message: 'Codex ended without finishing a turn, although its exit code was 0.',
    hint: 'See what it printed last. A handler that runs no `codex exec --json` must not say that its agent is codex.',
  });
}

function failedAfterTurn(exitCode: number): FlowError {
  return new FlowError({
    code: 'agent_failed_after_turn',
    blame: 'agent',
    message: `The agent finished its turn, but the handler then ended with exit code ${exitCode}.`,
    hint: 'See what it printed last: a command behind the agent may have failed, or the agent while it ended.',
  });
}
