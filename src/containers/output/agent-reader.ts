import type { OutputLine } from './output-line.ts';

/** What an agent did, for the run's timeline: a sentence, and scalars about it; masked as the output was. */
export type AgentEvent = {
  kind: string;
  text: string;
  data: Record<string, string | number | boolean | null>;
};

/** Tokens that an agent counted over its thread; `cachedInputTokens` are among `inputTokens`. */
export type AgentUsage = {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
};

/** How an agent's turn stands by its own events: not begun, begun, finished, or given up with what it said of that. */
export type AgentTurn = { state: 'none' | 'open' | 'completed' | 'failed'; failure: string };

/** What an agent told so far; null is nothing yet. */
export type AgentResult = { finalMessage: string | null; usage: AgentUsage | null };

/** Reads the output of a handler line by line, in order. What is no event of its agent gives nothing and harms nothing. */
export type AgentReader = {
  read(line: OutputLine): AgentEvent[];
  /** Null for a handler without events. */
  turn(): AgentTurn | null;
  result(): AgentResult;
};

/** The same reader, deaf until the line with which the handler began, or until it is told that it has. */
export function fromHandlerStart(reader: AgentReader): AgentReader & { begin(): void } {
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
