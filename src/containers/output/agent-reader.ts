import type { AgentEvent, AgentReader, AgentResult, AgentTurn } from '../../agents/agent.ts';
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

/** The same reader; it ignores all lines before the one with which the handler began, unless `begin` is called. */
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

/** A line that is longer is no event that anybody reads. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

/** Joins the parts of long lines. */
type LineJoiner = {
  /** The lines that end with this part; `isDropped` for one that grew beyond the limit and is lost whole. */
  join(line: Pick<OutputLine, 'text' | 'part'>): { lines: string[]; isDropped: boolean };
};

/** A joiner of lines of one stream. */
function createLineJoiner(): LineJoiner {
  let parts: string[] = [];
  let length = 0;
  return {
    join({ text, part }) {
      length += text.length;
      const isDropped = length > MAX_LINE_CHARACTERS;
      if (isDropped) parts = [];
      else parts.push(text);
      if (part) return { lines: [], isDropped: false };
      const lines = isDropped ? [] : parts.join('').split('\n');
      parts = [];
      length = 0;
      return { lines, isDropped };
    },
  };
}
