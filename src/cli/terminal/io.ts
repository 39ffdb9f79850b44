import { findSettings, readSettings, type Settings, type SettingsOrigin } from '../../config/settings.ts';
import { createHiddenInput } from './hidden-input.ts';
import { readInput } from './read-input.ts';

/** What a command may touch of the world around it. */
export type Io = {
  /** The directory the program was started in: paths on the command line are taken from here. */
  directory: string;
  /** The file that settings are read from, and where relative paths in them start; `.env` is looked for in `from`, or the directory above. */
  origin: (from?: string) => SettingsOrigin;
  settings: (from?: string) => Settings;
  out(text: string): void;
  err(text: string): void;
  /** Whether standard error is a terminal, so that progress lines may be rewritten. */
  isTerminal: boolean;
  /** Whether somebody at a terminal can be asked. */
  canAsk(): boolean;
  /** Asks at the terminal and shows nothing of the answer; `many` allows a pasted text of several lines. Throws `prompt_cancelled`. */
  askHidden(prompt: string, many?: boolean): Promise<string>;
  /** Whether standard input is a terminal rather than a pipe or a file. */
  isInputTerminal: boolean;
  /** Standard input to its end, or until `isWhole` says that no more is needed. Throws `input_unusable` when it is too large or no UTF-8. */
  readInput(isWhole?: (text: string) => boolean): Promise<string>;
  /** Set by commands that fail without throwing. */
  fail(code: 1 | 2): void;
};

/** The process's own streams and environment. */
export function processIo(): Io {
  const directory = process.cwd();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stopUnread);
  const err = (text: string): void => void process.stderr.write(text);
  const hidden = createHiddenInput(err);
  const origin = (from = directory): SettingsOrigin => findSettings(from, process.env.GITHUB_FLOWS_CONFIG);
  return {
    directory,
    origin,
    settings: (from) => readSettings(origin(from)),
    out: (text) => void process.stdout.write(text),
    err,
    isTerminal: process.stderr.isTTY === true,
    canAsk: hidden.canAsk,
    askHidden: hidden.ask,
    isInputTerminal: process.stdin.isTTY === true,
    readInput: async (isWhole) => await readInput(process.stdin, isWhole),
    fail: (code) => {
      process.exitCode = code;
    },
  };
}

/** Whoever read us has gone (`… | head`, a closed terminal): that asks to stop, as gently as a signal would. */
function stopUnread(): void {
  process.stdout.off('error', stopUnread).on('error', () => undefined);
  process.stderr.off('error', stopUnread).on('error', () => undefined);
  process.kill(process.pid, 'SIGTERM');
}
