import { findSettings, readSettings, type Settings, type SettingsOrigin } from '../../config/settings.ts';
import { createHiddenInput } from './hidden-input.ts';
import { readInput } from './read-input.ts';

/** The environment of a command. */
export type Io = {
  /** The directory in which the program was started; paths on the command line are relative to it. */
  directory: string;
  /** The file of settings, and the base of relative paths in it; `.env` may be in `from` or its parent. */
  origin: (from?: string) => SettingsOrigin;
  settings: (from?: string) => Settings;
  out(text: string): void;
  err(text: string): void;
  /** Whether standard error is a terminal, so that progress lines may be rewritten. */
  isTerminal: boolean;
  /** Whether a prompt is possible. */
  canAsk(): boolean;
  /** Prompts without echo; `many` allows several pasted lines. Throws `prompt_cancelled`. */
  askHidden(prompt: string, many?: boolean): Promise<string>;
  /** Whether standard input is a terminal rather than a pipe or a file. */
  isInputTerminal: boolean;
  /** Standard input to its end, or until `isWhole` says that no more is needed. Throws `input_unusable` when it is too large or not UTF-8. */
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

/** The reader has gone (`… | head`, a closed terminal): handled like a signal. */
function stopUnread(): void {
  process.stdout.off('error', stopUnread).on('error', () => undefined);
  process.stderr.off('error', stopUnread).on('error', () => undefined);
  process.kill(process.pid, 'SIGTERM');
}
