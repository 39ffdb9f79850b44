import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../../src/cli/program.ts';
import type { Io } from '../../../src/cli/terminal/io.ts';

/** Nothing around a command, for tests that only look at what commands there are. */
export const silentIo: Io = {
  directory: '/',
  origin: () => ({ file: undefined, directory: '/' }),
  settings: () => ({}),
  out: () => undefined,
  err: () => undefined,
  isTerminal: false,
  canAsk: () => false,
  askHidden: async () => '',
  isInputTerminal: false,
  readInput: async () => '',
  fail: () => undefined,
};

/** What a command left: its exit code and both streams. */
export type CommandResult = { code: number; out: string; err: string };

/** Runs a command in this process, as if it was started in `directory` with these settings and no others. */
export async function runCommand(
  directory: string,
  settings: Readonly<Record<string, string>>,
  ...argv: readonly string[]
): Promise<CommandResult> {
  return await runCommandWith({}, directory, settings, ...argv);
}

/** Like `runCommand`, with `input` on standard input, or somebody at a terminal who gives these `answers`. */
export async function runCommandWith(
  person: { input?: string; answers?: string[] },
  directory: string,
  settings: Readonly<Record<string, string>>,
  ...argv: readonly string[]
): Promise<CommandResult> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    directory,
    origin: () => {
      const file = join(directory, '.env');
      return { file: existsSync(file) ? file : undefined, directory };
    },
    settings: () => settings,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    canAsk: () => person.answers !== undefined,
    async askHidden(prompt) {
      err += `${prompt}\n`;
      const answer = person.answers?.shift();
      if (answer === undefined) throw new Error(`Nobody answers ${prompt}`);
      return answer;
    },
    isInputTerminal: person.answers !== undefined && person.input === undefined,
    readInput: async () => person.input ?? '',
    fail: () => undefined,
  });
  return { code, out, err };
}
