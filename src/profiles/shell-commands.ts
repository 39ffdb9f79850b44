/** One simple command of a shell text: its words without quotes, and whether its standard output goes elsewhere. */
export type ShellCommand = { words: string[]; isRedirected: boolean };

/** Quoted text, an escaped character, a comment, an operator, or plain characters; the first alternative that fits. */
const TOKEN =
  /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\\n|\\([\s\S])|([0-9]*>{1,2}&?[0-9-]*\|?)|(\|\||&&|\|&?|;|&|\n|[(){}](?=[\s;)]|$)|\()|(\s+)|([^\s'"\\|&;()<>]+|<)/g;

/** Commands that pass on what they read as it is, so that a pipe into them changes nothing. */
const PASS_ON = new Set(['tee', 'cat']);

/** Reads a POSIX shell text as far as its simple commands go; it expands nothing and never fails. */
export function shellCommands(text: string): ShellCommand[] {
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
