import { cutText, plainText } from './agent-text.ts';
import { readCodexItem } from './codex-items.ts';
import type { OutputLine } from './output-line.ts';

/** What an agent did, for the run's timeline: a sentence, and scalars about it; masked as the output was. */
export type AgentEvent = {
  kind: string;
  text: string;
  data: Record<string, string | number | boolean | null>;
};

/** Tokens that Codex counted over all its threads; `cachedInputTokens` are among `inputTokens`. */
export type CodexUsage = {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
};

/** What Codex told so far; null is nothing yet. */
export type CodexResult = { finalMessage: string | null; usage: CodexUsage | null };

/** Reads the output of a run line by line, in order; anything that is no event of Codex gives nothing and harms nothing. */
export type CodexReader = {
  read(line: OutputLine): AgentEvent[];
  result(): CodexResult;
};

type Fields = Readonly<Record<string, unknown>>;

/** A line that is longer is no event that anybody reads. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

const MAX_MESSAGE_CHARACTERS = 100_000;

/** A reader for the output of `codex exec --json`: https://github.com/openai/codex/blob/main/codex-rs/exec/src/exec_events.rs */
export function createCodexReader(): CodexReader {
  const lines = createLineJoiner();
  const usageByThread = new Map<string, CodexUsage>();
  let thread = '';
  let finalMessage: string | null = null;

  const readEvent = (event: Fields): AgentEvent | undefined => {
    const item = asFields(event.item);
    switch (event.type) {
      case 'thread.started':
        thread = String(event.thread_id);
        return { kind: 'codex.thread', text: 'Codex began a thread.', data: { thread: plainText(thread) } };
      case 'item.started':
      case 'item.completed': {
        const isDone = event.type === 'item.completed';
        if (isDone && item.type === 'agent_message' && typeof item.text === 'string')
          finalMessage = cutText(item.text, MAX_MESSAGE_CHARACTERS);
        return readCodexItem(item, isDone);
      }
      case 'turn.completed': {
        const usage = readUsage(asFields(event.usage));
        usageByThread.set(thread, usage);
        return { kind: 'codex.turn', text: 'Codex finished its turn.', data: usage };
      }
      case 'turn.failed':
        return failure('Codex gave up', asFields(event.error).message);
      case 'error':
        return failure('Codex reports', event.message);
      default:
        return undefined;
    }
  };
  return {
    read(line) {
      if (line.stream !== 'stdout') return [];
      return lines.join(line).flatMap((text) => readEvent(parseEvent(text)) ?? []);
    },
    result: () => ({ finalMessage, usage: sumUsage([...usageByThread.values()]) }),
  };
}

function failure(what: string, message: unknown): AgentEvent {
  return { kind: 'codex.error', text: `${what}: ${plainText(message)}`, data: {} };
}

/** A thread's counts go on from turn to turn, so the last ones of each thread are what it used. */
function sumUsage(usages: readonly CodexUsage[]): CodexUsage | null {
  if (usages.length === 0) return null;
  const sum = (key: keyof CodexUsage): number => usages.reduce((total, usage) => total + usage[key], 0);
  return {
    inputTokens: sum('inputTokens'),
    cachedInputTokens: sum('cachedInputTokens'),
    outputTokens: sum('outputTokens'),
    reasoningTokens: sum('reasoningTokens'),
  };
}

function readUsage(usage: Fields): CodexUsage {
  return {
    inputTokens: asCount(usage.input_tokens),
    cachedInputTokens: asCount(usage.cached_input_tokens),
    outputTokens: asCount(usage.output_tokens),
    reasoningTokens: asCount(usage.reasoning_output_tokens),
  };
}

function asCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function parseEvent(text: string): Fields {
  if (!text.startsWith('{')) return {};
  try {
    return asFields(JSON.parse(text));
  } catch {
    return {};
  }
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Joins the parts of long lines; one that grows beyond the limit is dropped whole. */
function createLineJoiner(): { join(line: OutputLine): string[] } {
  let parts: string[] = [];
  let length = 0;
  return {
    join({ text, part }) {
      length += text.length;
      if (length <= MAX_LINE_CHARACTERS) parts.push(text);
      else parts = [];
      if (part) return [];
      const whole = length <= MAX_LINE_CHARACTERS ? parts.join('').split('\n') : [];
      parts = [];
      length = 0;
      return whole;
    },
  };
}
