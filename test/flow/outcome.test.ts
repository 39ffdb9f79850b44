import { expect, test } from 'vitest';
import type { AgentTurn } from '../../src/agents/agent.ts';
import { judgeTurn } from '../../src/agents/judge-turn.ts';
import type { PlanLimits } from '../../src/containers/plan.ts';
import type { ContainerEnd } from '../../src/containers/supervise/container-end.ts';
import { type AgentReading, judgeByAgent, judgeEnd } from '../../src/flow/run/outcome.ts';

const OF_ITSELF: ContainerEnd = {
  endedBy: 'exit',
  exitCode: 0,
  outOfMemory: false,
  finishedAt: 0,
  startFailure: null,
};

const limits = { timeoutSec: 8, stallTimeoutSec: 12, logBytes: 1, memoryBytes: 1024 ** 3 } as PlanLimits;

/** An agent that says how its turn stands. */
const heard = (turn: AgentTurn): AgentReading => ({
  turn,
  judge: (end) => judgeTurn({ name: 'agent', title: 'The Agent', command: 'agent run' }, end),
});

function judged(end: Partial<ContainerEnd>, state: AgentTurn['state'] | null, isUnread = false) {
  const how = { ...OF_ITSELF, ...end };
  const byEnd = judgeEnd(how, { id: 'r', limits }, undefined);
  const turn = state && { state, failure: state === 'failed' ? 'Internal server error' : '' };
  const { outcome, reason, note } = judgeByAgent(byEnd, how, { agent: turn && heard(turn), isUnread });
  return [outcome, reason?.code ?? null, note !== null];
}

test.each([
  [{}, null, ['succeeded', null, false]],
  [{ exitCode: 1 }, null, ['failed', 'agent_failed', false]],
  [{ endedBy: 'stall', exitCode: 143 }, null, ['stalled', 'output_stalled', false]],
  [{}, 'completed', ['succeeded', null, false]],
  [{}, 'failed', ['failed', 'agent_gave_up', false]],
  [{}, 'open', ['failed', 'turn_unfinished', false]],
  [{}, 'none', ['failed', 'turn_unfinished', false]],
  [{ exitCode: 1 }, 'completed', ['failed', 'agent_failed_after_turn', false]],
  [{ exitCode: 1 }, 'failed', ['failed', 'agent_gave_up', false]],
  [{ exitCode: 1 }, 'open', ['failed', 'agent_failed', false]],
  [{ exitCode: 1 }, 'none', ['failed', 'agent_failed', false]],
  [{ exitCode: 137, outOfMemory: true }, 'completed', ['failed', 'out_of_memory', false]],
  [{ exitCode: null, endedBy: 'engine' }, 'completed', ['lost', 'container_lost', false]],
  [{ endedBy: 'done', exitCode: 143 }, 'completed', ['succeeded', null, true]],
  [{ endedBy: 'stall', exitCode: 143 }, 'completed', ['succeeded', null, true]],
  [{ endedBy: 'deadline', exitCode: 124 }, 'completed', ['succeeded', null, true]],
  [{ endedBy: 'done', exitCode: 143 }, 'failed', ['failed', 'agent_gave_up', false]],
  [{ endedBy: 'stall', exitCode: 143 }, 'failed', ['failed', 'agent_gave_up', false]],
  [{ endedBy: 'stall', exitCode: 143 }, 'open', ['stalled', 'output_stalled', false]],
  [{ endedBy: 'deadline', exitCode: 143 }, 'open', ['timed_out', 'deadline_passed', false]],
  [{ endedBy: 'cancel', exitCode: 143 }, 'completed', ['cancelled', null, false]],
  [{ endedBy: 'output_limit', exitCode: 143 }, 'completed', ['failed', 'output_limit', false]],
] as [Partial<ContainerEnd>, AgentTurn['state'] | null, unknown][])(
  'an end %j with a turn %s is judged %j: outcome, reason, whether there is a note',
  (end, state, wanted) => {
    expect(judged(end, state)).toEqual(wanted);
  },
);

test('where output was lost a missing end of a turn proves nothing, and that is said', () => {
  expect(judged({}, 'open', true)).toEqual(['succeeded', null, true]);
  expect(judged({}, 'failed', true)).toEqual(['failed', 'agent_gave_up', false]);
  expect(judged({ exitCode: 1 }, 'open', true)).toEqual(['failed', 'agent_failed', false]);
});

test('the agent’s own words are the reason', () => {
  const turn = { state: 'failed', failure: 'Internal server error' } as const;
  const byEnd = { outcome: 'succeeded', reason: null } as const;
  const { reason } = judgeByAgent(byEnd, OF_ITSELF, { agent: heard(turn), isUnread: false });
  expect(reason?.message).toBe('The Agent gave up: Internal server error.');
});
