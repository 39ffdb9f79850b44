import type { AgentEvent, AgentReader, AgentResult, AgentTurn } from '../../agents/agent.ts';
import { createLineJoiner } from './line-joiner.ts';
import type { OutputLine } from './output-line.ts';

/** Reads the output of a handler, both streams, in order. A line that was too long to be read as an event is `line_lost`. */
export type HandlerReader = {
  read(line: OutputLine): (AgentEvent | { kind: 'line_lost' })[];
  /** Null for a handler without events. */
  turn(): AgentTurn | null;
  result(): AgentResult;
};

/** An agent's reader, given the whole lines of the standard output. */
export function wholeLines(agent: AgentReader): HandlerReader {
  const lines = createLineJoiner();
  return {
    read(line) {
      if (line.stream !== 'stdout') return [];
      const joined = lines.join(line);
      const events = joined.lines.flatMap((text) => agent.read(text));
      return joined.isDropped ? [...events, { kind: 'line_lost' }] : events;
    },
    turn: agent.turn,
    result: agent.result,
  };
}

/** The same reader, deaf until the line with which the handler began, or until it is told that it has. */
export function fromHandlerStart(reader: HandlerReader): HandlerReader & { begin(): void } {
  let hasBegun = false;
  return {
    begin() {
      hasBegun = true;
    },
    read(line) {
      if (hasBegun) return reader.read(line);
      hasBegun = line.start === true;
      return [];
    },
    turn: reader.turn,
    result: reader.result,
  };
}
