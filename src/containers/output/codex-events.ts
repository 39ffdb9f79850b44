import { cutText } from '../../base/text.ts';
import type { AgentEvent, AgentReader, AgentTurn, AgentUsage } from './agent-reader.ts';
import { plainText } from './agent-text.ts';
import { readCodexItem } from './codex-items.ts';
import { readCodexUsage } from './codex-usage.ts';
import { createLineJoiner } from './line-joiner.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Nothing that is read lies deeper in an event. */
const MAX_DEPTH = 8;

const MAX_MESSAGE_CHARACTERS = 100_000;

/** Other threads are told of this often. */
const MAX_OTHERS = 3;

/** What a line too long to be an event is told as. */
const DROPPED: AgentEvent = {
  kind: 'output_lost',
  text: 'A line of output was too long to be read as an event, so what it said is not counted.',
  data: { unread: true },
};

/**
 * A reader for the output of `codex exec --json`, whose texts are masked again as they read without JSON's escapes: https://github.com/openai/codex/blob/main/codex-rs/exec/src/exec_events.rs
 *
 * The first thread counts. Events name no thread, so what comes after the start of another one is taken for that
 * one's, until its turn is over. Once a turn is over nothing counts until the same thread starts another.
 */
export function createCodexReader(mask: (text: string) => string = (text) => text): AgentReader {
  const lines = createLineJoiner();
  const thread = createThread();
  let other: { hasTurn: boolean } | undefined;
  let others = 0;

  const readStart = (id: string): AgentEvent | undefined => {
    if (thread.begin(id)) {
      other = undefined;
      return { kind: 'codex.thread', text: 'Codex began a thread.', data: { thread: plainText(id) } };
    }
    other = { hasTurn: false };
    others += 1;
    const text = 'Another Codex thread began in the output; what it says is not counted.';
    return others > MAX_OTHERS
      ? undefined
      : { kind: 'codex.other_thread', text, data: { thread: plainText(id) } };
  };
  /** Whether an event belongs to another thread than the first. */
  const isOthers = ({ type }: Fields): boolean => {
    if (!other) return false;
    if (type === 'turn.started') other.hasTurn = true;
    if (type !== 'turn.completed' && type !== 'turn.failed') return true;
    // Codex says when a turn starts: an end without that, while the first thread's turn goes on, is the first thread's.
    const isFirsts = !other.hasTurn && thread.isOpen();
    if (thread.isOpen()) other = undefined;
    return !isFirsts;
  };
  const readEvent = (event: Fields): AgentEvent | undefined => {
    if (event.type === 'thread.started') return readStart(String(event.thread_id));
    return isOthers(event) ? undefined : thread.read(event);
  };
  return {
    read(line) {
      if (line.stream !== 'stdout') return [];
      const joined = lines.join(line);
      const events = joined.lines.flatMap((text) => readEvent(maskedFields(parseEvent(text), mask)) ?? []);
      return joined.isDropped ? [...events, DROPPED] : events;
    },
    turn: thread.turn,
    result: thread.result,
  };
}

/** The thread that counts. */
type Thread = Pick<AgentReader, 'turn' | 'result'> & {
  /** Whether the thread of this name is the one: the first, or the first once more. */
  begin(id: string): boolean;
  isOpen(): boolean;
  read(event: Fields): AgentEvent | undefined;
};

function createThread(): Thread {
  let name: string | undefined;
  let turn: AgentTurn = { state: 'none', failure: '' };
  let finalMessage: string | null = null;
  let usage: AgentUsage | null = null;
  let reported = '';
  const isOpen = (): boolean => turn.state === 'open';

  const readItem = (item: Fields, isDone: boolean): AgentEvent | undefined => {
    if (isDone && item.type === 'agent_message' && typeof item.text === 'string')
      finalMessage = cutText(item.text, MAX_MESSAGE_CHARACTERS);
    return readCodexItem(item, isDone);
  };
  const readEnd = (event: Fields): AgentEvent => {
    if (event.type === 'turn.failed') {
      const failure = plainText(asFields(event.error).message) || reported || 'it did not say why';
      turn = { state: 'failed', failure };
      return { kind: 'codex.error', text: `Codex gave up: ${failure}`, data: {} };
    }
    turn = { state: 'completed', failure: '' };
    usage = readCodexUsage(asFields(event.usage)) ?? null;
    if (usage) return { kind: 'codex.turn', text: 'Codex finished its turn.', data: usage };
    const text = 'Codex finished its turn. How many tokens it used is unknown: its counts cannot be true.';
    return { kind: 'tokens_unknown', text, data: {} };
  };
  return {
    begin(id) {
      const isNew = name === undefined;
      name ??= id;
      if (isNew) turn = { state: 'open', failure: '' };
      return id === name;
    },
    isOpen,
    read(event) {
      if (event.type === 'turn.started' && name !== undefined) turn = { state: 'open', failure: '' };
      if (!isOpen()) return undefined;
      switch (event.type) {
        case 'item.started':
        case 'item.completed':
          return readItem(asFields(event.item), event.type === 'item.completed');
        case 'turn.completed':
        case 'turn.failed':
          return readEnd(event);
        case 'error':
          reported = plainText(event.message);
          return { kind: 'codex.error', text: `Codex reports: ${reported}`, data: {} };
        default:
          return undefined;
      }
    },
    turn: () => turn,
    result: () => ({ finalMessage, usage }),
  };
}

function parseEvent(text: string): Fields {
  if (!text.startsWith('{')) return {};
  try {
    return asFields(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Of an event what is read of it, each text masked as a whole, before anything of it is cut or made plain. */
function maskedFields(event: Fields, mask: (text: string) => string): Fields {
  const masked = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return mask(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth === MAX_DEPTH) return null;
    if (Array.isArray(value)) return value.map((inner) => masked(inner, depth + 1));
    const read = Object.entries(value).filter(([key]) => key !== 'aggregated_output');
    return Object.fromEntries(read.map(([key, inner]) => [key, masked(inner, depth + 1)]));
  };
  return asFields(masked(event, 0));
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
