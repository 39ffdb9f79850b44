import type { Agent, AgentResult } from '../../agents/agent.ts';
import { fromHandlerStart, wholeLines } from '../../containers/output/agent-reader.ts';
import type { Loss, NumberedLine } from '../../containers/output/log-sink.ts';
import { createPlainReader } from '../../containers/output/plain-output.ts';
import { eventsOf } from '../../profiles/handler-output.ts';
import type { Handler } from '../../profiles/profile.ts';
import type { TimelineWriter } from '../timeline-writer.ts';
import type { AgentReading } from './outcome.ts';

/** What was read of a handler's output: the agent's result, and what was lost. */
type HandlerReading = AgentResult & {
  agent: AgentReading | null;
  isUnread: boolean;
  losses: { kind: 'output_lost'; text: string }[];
};

/** Reads a handler's output line by line, and writes what its agent does into the timeline. */
type OutputListener = {
  read(line: NumberedLine): void;
  /** Whether the agent has reported that its turn is over. */
  isDone(): boolean;
  /** Output is lost; `hasBegun`: the handler had begun by then. */
  lose(loss: Loss, hasBegun: boolean): void;
  result(): HandlerReading;
};

/** What people read about a loss of output. */
const LOSSES = {
  unread: 'Part of the output was lost before it could be read.',
  unkept: 'Part of the output is not kept: there was more of it than is kept, or the disk did not take it.',
  event: 'A line of the output was too long to be read as an event of the agent.',
} as const;

/** Reads the output of the profile's handler: an agent's events from the handler's start on, or plain text. */
export function createListener(
  handler: Handler,
  {
    agents,
    mark,
    write,
    mask,
  }: {
    agents: readonly Agent[];
    mark: string | undefined;
    write: TimelineWriter['write'];
    mask: (text: string) => string;
  },
): OutputListener {
  const events = eventsOf(handler, agents);
  const reader = fromHandlerStart(events ? wholeLines(events.createReader(mask)) : createPlainReader());
  if (mark === undefined) reader.begin();
  const losses = new Set<keyof typeof LOSSES>();
  return {
    read(line) {
      for (const event of reader.read(line))
        if (event.kind === 'line_lost') losses.add('event');
        else if (!line.replayed) write({ ...event, kind: `agent.${event.kind}` });
    },
    isDone: () => ['completed', 'failed'].includes(reader.turn()?.state ?? 'none'),
    lose(loss, hasBegun) {
      losses.add(loss);
      if (hasBegun) reader.begin();
    },
    result() {
      const turn = reader.turn();
      return {
        ...reader.result(),
        agent: events && turn ? { judge: events.judge, turn } : null,
        isUnread: losses.has('unread') || losses.has('event'),
        losses: [...losses].map((loss) => ({ kind: 'output_lost', text: LOSSES[loss] })),
      };
    },
  };
}
