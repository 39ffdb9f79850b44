import type { Agent, AgentEvents } from '../agents/agent.ts';
import type { Handler } from './profile.ts';

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

/** One simple command of a shell text: its words without quotes, and whether its standard output goes elsewhere. */
type ShellCommand = { words: string[]; isRedirected: boolean };

/** Quoted text, an escaped character, a comment, an operator, or plain characters; the first alternative that fits. */
const TOKEN =
  /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\\n|\\([\s\S])|([0-9]*>{1,2}&?[0-9-]*\|?)|(\|\||&&|\|&?|;|&|\n|[(){}](?=[\s;)]|$)|\()|(\s+)|([^\s'"\\|&;()<>]+|<)/g;

/** Commands that pass on what they read as it is, so that a pipe into them changes nothing. */
const PASS_ON = new Set(['tee', 'cat']);

/** Reads a POSIX shell text as far as its simple commands go; it expands nothing and never fails. */
function shellCommands(text: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let isRedirected = false;
  let isPiped = false;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (operator: string): void => {
    endWord();
    const before = commands.at(-1);
    if (isPiped && before && !PASS_ON.has(words[0] ?? '')) before.isRedirected = true;
    if (words.length > 0) commands.push({ words, isRedirected });
    isPiped = /^\|&?$/.test(operator);
    words = [];
    isRedirected = false;
  };
  for (const match of withoutComments(text).matchAll(TOKEN)) {
    const [, single, double, escaped, redirect, operator, space, plain] = match;
    const part = single ?? double?.replaceAll(/\\([$`"\\])/g, '$1') ?? escaped ?? plain;
    if (operator !== undefined) endCommand(operator);
    else if (space !== undefined) endWord();
    else if (redirect !== undefined) {
      // What follows is a file's name, and no word of the command that matters.
      isRedirected ||= /^1?>/.test(redirect);
      endWord();
    } else if (part !== undefined) word = (word ?? '') + part;
  }
  endCommand('');
  return commands;
}

function withoutComments(text: string): string {
  return text.replaceAll(/'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|(^|[\s;&|(])#[^\n]*/g, (all, before) =>
    before === undefined ? all : before,
  );
}
