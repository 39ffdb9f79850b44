import {
  type AgentReader,
  type AgentResult,
  type AgentTurn,
  fromHandlerStart,
} from '../../containers/output/agent-reader.ts';
import { createCodexReader } from '../../containers/output/codex-events.ts';
import type { HeardLine, Loss } from '../../containers/output/log-sink.ts';
import { createPlainReader } from '../../containers/output/plain-output.ts';
import { eventsOf } from '../../profiles/handler-output.ts';
import type { Handler } from '../../profiles/profile.ts';
import type { TimelineWriter } from '../timeline-writer.ts';

/** What was read of a handler's output: what its agent said, and what was lost. */
export type Heard = AgentResult & {
  turn: AgentTurn | null;
  isUnread: boolean;
  losses: { kind: 'output_lost'; text: string }[];
};

/** Hears a handler's output, line by line, and writes what its agent does into the timeline. */
export type OutputListener = {
  hear(line: HeardLine): void;
  /** Whether the agent has said that its turn is over. */
  isDone(): boolean;
  /** Output is lost; `hasBegun`: the handler had begun by then. */
  lose(loss: Loss, hasBegun: boolean): void;
  heard(): Heard;
};

/** What people read about a loss of output. */
const LOSSES = {
  unread: 'Part of the output was lost before it could be read.',
  unkept: 'Part of the output is not kept: there was more of it than is kept, or the disk did not take it.',
  event: 'A line of the output was too long to be read as an event of the agent.',
} as const;

/** Listens as the handler's profile says: to an agent's events, from the handler's start on, or to plain text. */
export function createListener(
  handler: Handler,
  {
    mark,
    write,
    mask,
  }: { mark: string | undefined; write: TimelineWriter['write']; mask: (text: string) => string },
): OutputListener {
  const agent: AgentReader = eventsOf(handler) === 'codex' ? createCodexReader(mask) : createPlainReader();
  const reader = fromHandlerStart(agent);
  if (mark === undefined) reader.begin();
  const losses = new Set<keyof typeof LOSSES>();
  return {
    hear(line) {
      for (const { kind, text, data } of reader.read(line))
        if (kind === 'output_lost') losses.add('event');
        else if (!line.replayed) write({ kind, text, data });
    },
    isDone: () => ['completed', 'failed'].includes(reader.turn()?.state ?? 'none'),
    lose(loss, hasBegun) {
      losses.add(loss);
      if (hasBegun) reader.begin();
    },
    heard: () => ({
      ...reader.result(),
      turn: reader.turn(),
      isUnread: losses.has('unread') || losses.has('event'),
      losses: [...losses].map((loss) => ({ kind: 'output_lost', text: LOSSES[loss] })),
    }),
  };
}
