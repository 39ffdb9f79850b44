import type { JsonObject } from '../../base/json.ts';
import type { AgentEvent } from '../agent.ts';
import { asFields } from '../json-event.ts';
import { plainText } from '../plain-text.ts';

const MAX_FILES = 20;

/** One item of Codex as a line of the timeline; undefined for items that tell a person nothing yet, or are of an unknown type. */
export function readCodexItem(item: JsonObject, isDone: boolean): AgentEvent | undefined {
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
