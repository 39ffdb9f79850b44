import type { Agent, AgentEvents } from '../agents/agent.ts';
import type { Handler } from './profile.ts';
import { type ShellCommand, shellCommands } from './shell-commands.ts';

/** Commands that only speak of their words. */
const SPEAKERS = new Set(['echo', 'printf', 'cat', 'grep', 'which', 'type', 'test', '[', 'man', 'export']);

/** Shells within shells are looked into this deep. */
const MAX_DEPTH = 4;

/**
 * Whose events a handler's standard output is: those of the agent that the profile names, or of the one that a command
 * of the handler starts so that it prints them, in a shell text too; undefined is plain text. Where the output goes into
 * a file or through another program it is plain text, unless the profile names the agent.
 */
export function eventsOf(
  handler: Pick<Handler, 'agent' | 'command' | 'args'>,
  agents: readonly Agent[],
): AgentEvents | undefined {
  if (handler.agent) return agents.find(({ name }) => name === handler.agent)?.events;
  const words = [...handler.command, ...handler.args];
  return agents.find(({ events }) => events && starts(events, words, 0))?.events;
}

function starts(events: AgentEvents, words: readonly string[], depth: number): boolean {
  if (depth > MAX_DEPTH || SPEAKERS.has(words[0] ?? '')) return false;
  return events.isCommand(words) || shellTexts(words).some((text) => startsInText(events, text, depth));
}

function startsInText(events: AgentEvents, text: string, depth: number): boolean {
  return shellCommands(text).some(
    ({ words, isRedirected }: ShellCommand) => !isRedirected && starts(events, words, depth + 1),
  );
}

/** The texts that words hand to a shell: what follows `-c`, `-lc` and their like. */
function shellTexts(words: readonly string[]): string[] {
  return words.filter((_, at) => /^-[a-z]*c$/.test(words[at - 1] ?? ''));
}
