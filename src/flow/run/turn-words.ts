import type { AgentEnd, AgentEvents, AgentTurn } from '../../agents/agent.ts';
import type { ContainerEnd } from '../../containers/supervise/container-end.ts';
import type { EndReason, Outcome } from '../../runs/run.ts';

/** What came of a run, and what is said of it besides; null is nothing. */
export type TurnOutcome = { outcome: Outcome; reason: EndReason | null; note: string | null };

/** The agent whose events were heard, and how its turn stands. */
export type HeardAgent = { judge: AgentEvents['judge']; turn: AgentTurn };

/** Ends that say nothing against an agent that has finished: it was done, and only its process was not. */
const PATIENCE_ENDED: readonly ContainerEnd['endedBy'][] = ['done', 'stall', 'deadline'];

/**
 * Has the agent judge its end. `byEnd` is what the end means without its words; `agent` is null for a handler without
 * events, and `isUnread` tells that some of them may have been missed.
 */
export function judgeByAgent(
  byEnd: Omit<TurnOutcome, 'note'>,
  end: ContainerEnd,
  { agent, isUnread }: { agent: HeardAgent | null; isUnread: boolean },
): TurnOutcome {
  if (!agent || end.startFailure || end.outOfMemory) return { ...byEnd, note: null };
  const { turn, judge } = agent;
  const judged = judge({ turn, exitCode: end.exitCode, endedBy: enderOf(end), isUnread });
  if (judged.kind === 'failed') return { outcome: 'failed', reason: judged.fault.toProblem(), note: null };
  return judged.kind === 'succeeded'
    ? { outcome: 'succeeded', reason: null, note: judged.note }
    : { ...byEnd, note: judged.note };
}

function enderOf({ endedBy }: ContainerEnd): AgentEnd['endedBy'] {
  if (endedBy === 'exit') return 'exit';
  return PATIENCE_ENDED.includes(endedBy) ? 'patience' : 'order';
}
