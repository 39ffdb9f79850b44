import type { JsonObject } from '../../base/json.ts';
import { cutText } from '../../base/text.ts';
import type { AgentEvent, AgentReader, AgentTurn, AgentUsage } from '../agent.ts';
import { asFields, plainText, readJsonEvent } from '../json-event.ts';

const MAX_MESSAGE_CHARACTERS = 100_000;

/** The timeline mentions other threads this often. */
const MAX_OTHERS = 3;

/** What a command printed is not read. */
const UNREAD = ['aggregated_output'];

/** No thread counts as many tokens. */
const MAX_TOKENS = 10_000_000_000;

/**
 * A reader for the output of `codex exec --json`: https://github.com/openai/codex/blob/main/codex-rs/exec/src/exec_events.rs
 *
 * The first thread counts. Events name no thread, so what comes after the start of another one is taken for that
 * one's, until its turn is over. Once a turn is over nothing counts until the same thread starts another.
 */
export function createCodexReader(mask: (text: string) => string): AgentReader {
  const thread = createThread();
  let other: { hasTurn: boolean } | undefined;
  let others = 0;

  const readStart = (id: string): AgentEvent | undefined => {
    if (thread.begin(id)) {
      other = undefined;
      return { kind: 'session', text: 'Codex began a thread.', data: { thread: plainText(id) } };
    }
    other = { hasTurn: false };
    others += 1;
    const text = 'Another Codex thread began in the output; what it says is not counted.';
    return others > MAX_OTHERS ? undefined : { kind: 'session', text, data: { thread: plainText(id) } };
  };
  /** Whether an event belongs to another thread than the first. */
  const isOthers = ({ type }: JsonObject): boolean => {
    if (!other) return false;
    if (type === 'turn.started') other.hasTurn = true;
    if (type !== 'turn.completed' && type !== 'turn.failed') return true;
    // Codex reports the start of a turn. An end without a start, while the first thread's turn is open, belongs to the first thread.
    const isFirsts = !other.hasTurn && thread.isOpen();
    if (thread.isOpen()) other = undefined;
    return !isFirsts;
  };
  const readEvent = (event: JsonObject): AgentEvent | undefined => {
    if (event.type === 'thread.started') return readStart(String(event.thread_id));
    return isOthers(event) ? undefined : thread.read(event);
  };
  return {
    read(line) {
      const event = readEvent(readJsonEvent(line, mask, UNREAD));
      return event ? [event] : [];
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
  read(event: JsonObject): AgentEvent | undefined;
};

function createThread(): Thread {
  let name: string | undefined;
  let turn: AgentTurn = { state: 'none', failure: '' };
  let finalMessage: string | null = null;
  let usage: AgentUsage | null = null;
  let reported = '';
  const isOpen = (): boolean => turn.state === 'open';

  const readItem = (item: JsonObject, isDone: boolean): AgentEvent | undefined => {
    if (isDone && item.type === 'agent_message' && typeof item.text === 'string')
      finalMessage = cutText(item.text, MAX_MESSAGE_CHARACTERS);
    return readCodexItem(item, isDone);
  };
  const readEnd = (event: JsonObject): AgentEvent => {
    if (event.type === 'turn.failed') {
      const failure = plainText(asFields(event.error).message) || reported || 'it did not say why';
      turn = { state: 'failed', failure };
      return { kind: 'failure', text: `Codex gave up: ${failure}`, data: {} };
    }
    turn = { state: 'completed', failure: '' };
    usage = readCodexUsage(asFields(event.usage)) ?? null;
    if (usage) return { kind: 'end', text: 'Codex finished its turn.', data: usage };
    const text = 'Codex finished its turn. How many tokens it used is unknown: its counts cannot be true.';
    return { kind: 'usage', text, data: {} };
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
          return { kind: 'failure', text: `Codex reports: ${reported}`, data: {} };
        default:
          return undefined;
      }
    },
    turn: () => turn,
    result: () => ({ finalMessage, usage }),
  };
}

/** The counts of a `turn.completed`, or undefined when they cannot be true. */
function readCodexUsage(usage: JsonObject): AgentUsage | undefined {
  const inputTokens = asCount(usage.input_tokens);
  const outputTokens = asCount(usage.output_tokens);
  const cachedInputTokens = asCount(usage.cached_input_tokens ?? 0);
  const reasoningTokens = asCount(usage.reasoning_output_tokens ?? 0);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  if (cachedInputTokens === undefined || cachedInputTokens > inputTokens) return undefined;
  if (reasoningTokens === undefined || reasoningTokens > outputTokens) return undefined;
  return { inputTokens, cachedInputTokens, outputTokens, reasoningTokens };
}

function asCount(value: unknown): number | undefined {
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_TOKENS;
  return isCount ? value : undefined;
}

const MAX_FILES = 20;

/** One item of Codex as a line of the timeline; undefined for items that are not finished or of an unknown type. */
function readCodexItem(item: JsonObject, isDone: boolean): AgentEvent | undefined {
  if (item.type === 'command_execution') return isDone ? commandDone(item) : commandBegun(item);
  if (!isDone) return undefined;
  switch (item.type) {
    case 'agent_message':
    case 'reasoning':
      return { kind: 'text', text: plainText(item.text), data: {} };
    case 'file_change':
      return fileChange(item);
    case 'mcp_tool_call': {
      const tool = plainText(`${item.server}/${item.tool}`);
      return { kind: 'tool', text: `Called ${tool}.`, data: { tool, status: plainText(item.status) } };
    }
    case 'web_search':
      return { kind: 'tool', text: `Searched the web for: ${plainText(item.query)}`, data: {} };
    case 'error':
      return { kind: 'failure', text: `Codex reports: ${plainText(item.message)}`, data: {} };
    default:
      return undefined;
  }
}

function commandBegun(item: JsonObject): AgentEvent {
  const command = plainText(item.command);
  return { kind: 'command', text: `Runs: ${command}`, data: { command } };
}

function commandDone(item: JsonObject): AgentEvent {
  const command = plainText(item.command);
  const exitCode = typeof item.exit_code === 'number' ? item.exit_code : null;
  const how = exitCode === null ? `is over (${plainText(item.status)})` : `ended with exit code ${exitCode}`;
  return { kind: 'command', text: `${command} ${how}.`, data: { command, exitCode } };
}

function fileChange(item: JsonObject): AgentEvent {
  const changes: readonly unknown[] = Array.isArray(item.changes) ? item.changes : [];
  const files = changes.slice(0, MAX_FILES).map((change) => {
    const { path, kind } = asFields(change);
    return `${plainText(kind) || 'change'} ${plainText(path)}`;
  });
  const more = changes.length > MAX_FILES ? ` and ${changes.length - MAX_FILES} more` : '';
  return {
    kind: 'file',
    text: plainText(`Changed files: ${files.join(', ')}${more}`),
    data: { files: changes.length, status: plainText(item.status) },
  };
}
