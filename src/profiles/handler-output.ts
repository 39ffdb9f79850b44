import type { AgentName, Handler } from './profile.ts';
import { type ShellCommand, shellCommands } from './shell-commands.ts';

/** Commands that only speak of their words. */
const SPEAKERS = new Set(['echo', 'printf', 'cat', 'grep', 'which', 'type', 'test', '[', 'man', 'export']);

/** Shells within shells are looked into this deep. */
const MAX_DEPTH = 4;

/**
 * Whose events a handler's standard output is: the agent that the profile names, or Codex where a command that it runs
 * is `codex exec --json`, in a shell text too; undefined is plain text. Where the output goes into a file or through
 * another program it is plain text, unless the profile names the agent.
 */
export function eventsOf(handler: Pick<Handler, 'agent' | 'command' | 'args'>): AgentName | undefined {
  if (handler.agent) return handler.agent;
  return runsCodex([...handler.command, ...handler.args], 0) ? 'codex' : undefined;
}

function runsCodex(words: readonly string[], depth: number): boolean {
  if (depth > MAX_DEPTH || SPEAKERS.has(words[0] ?? '')) return false;
  return isCodexWithEvents(words) || shellTexts(words).some((text) => textRunsCodex(text, depth));
}

function textRunsCodex(text: string, depth: number): boolean {
  return shellCommands(text).some(
    ({ words, isRedirected }: ShellCommand) => !isRedirected && runsCodex(words, depth + 1),
  );
}

/** `codex`, by any path or as a package with its version, then `exec` or `e`, then `--json`. */
function isCodexWithEvents(words: readonly string[]): boolean {
  const program = words.findIndex((word) => /(^|\/)codex(@[\w.-]+)?$/.test(word));
  if (program < 0) return false;
  const exec = words.findIndex((word, at) => at > program && (word === 'exec' || word === 'e'));
  if (exec < 0) return false;
  const rest = words.slice(exec + 1);
  const end = rest.indexOf('--');
  return (end < 0 ? rest : rest.slice(0, end)).some((word) => /^--(experimental-)?json$/.test(word));
}

/** The texts that words hand to a shell: what follows `-c`, `-lc` and their like. */
function shellTexts(words: readonly string[]): string[] {
  return words.filter((_, at) => /^-[a-z]*c$/.test(words[at - 1] ?? ''));
}
