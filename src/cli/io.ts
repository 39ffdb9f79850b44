import { readSettings, type Settings } from '../config/load.ts';

/** What a command may touch of the world around it. */
export type Io = {
  /** The directory the program was started in: `.env` and relative paths are taken from here. */
  directory: string;
  settings: () => Settings;
  out(text: string): void;
  err(text: string): void;
  /** Whether standard error is a terminal, so that progress lines may be rewritten. */
  isTerminal: boolean;
  /** Set by commands that fail without throwing. */
  fail(code: 1 | 2): void;
};

/** The process's own streams and environment. */
export function processIo(): Io {
  const directory = process.cwd();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stopUnread);
  return {
    directory,
    settings: () => readSettings(directory),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
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
