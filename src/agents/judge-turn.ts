import { FlowError } from '../base/errors.ts';
import type { AgentEnd, AgentOutcome } from './agent.ts';

const NOT_ENDED =
  'The agent had finished its turn, but its process did not end, so it was stopped; the run counts as done.';
const NOT_HEARD =
  'Part of the output was lost, so it is not known whether the agent finished its turn; its exit code 0 was taken for success.';

/**
 * The outcome for agents that report how each turn ends: success is a finished turn, exit code 0, and no stop
 * but one after the service waited long enough. `agent` gives the names for its errors, and the command line that prints events.
 */
export function judgeTurn(
  agent: { name: string; title: string; command: string },
  { turn, exitCode, endedBy, isUnread }: AgentEnd,
): AgentOutcome {
  const isDone = turn.state === 'completed';
  if (endedBy === 'order') return { kind: 'as-ended', note: null };
  if (turn.state === 'failed') return { kind: 'failed', issue: gaveUp(agent, turn.failure) };
  if (endedBy === 'patience')
    return isDone ? { kind: 'succeeded', note: NOT_ENDED } : { kind: 'as-ended', note: null };
  if (exitCode !== 0)
    return isDone ? { kind: 'failed', issue: failedAfterTurn(exitCode) } : { kind: 'as-ended', note: null };
  if (isDone) return { kind: 'as-ended', note: null };
  return isUnread ? { kind: 'as-ended', note: NOT_HEARD } : { kind: 'failed', issue: unfinished(agent) };
}

function gaveUp({ title }: { title: string }, failure: string): FlowError {
  return new FlowError({
    code: 'agent_gave_up',
    blame: 'agent',
    message: `${title} gave up: ${failure.replace(/\.$/, '')}.`,
    hint: 'If its model or its login was at fault, start the run again later by the same comment; else see what it printed before.',
  });
}

function unfinished({ name, title, command }: { name: string; title: string; command: string }): FlowError {
  return new FlowError({
    code: 'turn_unfinished',
    blame: 'agent',
    message: `${title} ended without finishing a turn, although its exit code was 0.`,
    hint: `See what it printed last. A handler that runs no \`${command}\` must not say that its agent is ${name}.`,
  });
}

function failedAfterTurn(exitCode: number | null): FlowError {
  return new FlowError({
    code: 'agent_failed_after_turn',
    blame: 'agent',
    message: `The agent finished its turn, but the handler then ended with exit code ${exitCode ?? -1}.`,
    hint: 'See what it printed last: a command behind the agent may have failed, or the agent while it ended.',
  });
}
