import { plainText } from './agent-text.ts';

/** An item's part of the timeline. */
type ItemEvent = { kind: string; text: string; data: Record<string, string | number | boolean | null> };

type Fields = Readonly<Record<string, unknown>>;

const MAX_FILES = 20;

/** One item of Codex as a line of the timeline; undefined for items that tell a person nothing yet, or are of an unknown type. */
export function readCodexItem(item: Fields, isDone: boolean): ItemEvent | undefined {
  if (item.type === 'command_execution') return isDone ? commandDone(item) : commandBegun(item);
  if (!isDone) return undefined;
  switch (item.type) {
    case 'agent_message':
      return { kind: 'codex.message', text: plainText(item.text), data: {} };
    case 'reasoning':
      return { kind: 'codex.reasoning', text: plainText(item.text), data: {} };
    case 'file_change':
      return fileChange(item);
    case 'mcp_tool_call': {
      const tool = plainText(`${item.server}/${item.tool}`);
      return { kind: 'codex.tool', text: `Called ${tool}.`, data: { tool, status: plainText(item.status) } };
    }
    case 'web_search':
      return { kind: 'codex.search', text: `Searched the web for: ${plainText(item.query)}`, data: {} };
    case 'error':
      return { kind: 'codex.error', text: `Codex reports: ${plainText(item.message)}`, data: {} };
    default:
      return undefined;
  }
}

function commandBegun(item: Fields): ItemEvent {
  const command = plainText(item.command);
  return { kind: 'codex.command', text: `Runs: ${command}`, data: { command } };
}

function commandDone(item: Fields): ItemEvent {
  const command = plainText(item.command);
  const exitCode = typeof item.exit_code === 'number' ? item.exit_code : null;
  const how = exitCode === null ? `is over (${plainText(item.status)})` : `ended with exit code ${exitCode}`;
  return { kind: 'codex.command_done', text: `${command} ${how}.`, data: { command, exitCode } };
}

function fileChange(item: Fields): ItemEvent {
  const changes: readonly unknown[] = Array.isArray(item.changes) ? item.changes : [];
  const files = changes.slice(0, MAX_FILES).map((change) => {
    const { path, kind } = (change ?? {}) as Fields;
    return `${plainText(kind) || 'change'} ${plainText(path)}`;
  });
  const more = changes.length > MAX_FILES ? ` and ${changes.length - MAX_FILES} more` : '';
  return {
    kind: 'codex.file_change',
    text: plainText(`Changed files: ${files.join(', ')}${more}`),
    data: { files: changes.length, status: plainText(item.status) },
  };
}
