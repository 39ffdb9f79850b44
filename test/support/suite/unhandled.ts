import { inspect } from 'node:util';

let first: { error: unknown } | undefined;
let isWatching = false;

function notice(error: unknown): void {
  first ??= { error };
  process.stderr.write(`\nAn error was thrown outside of every test: ${inspect(error)}\n`);
}

/** Throws what was thrown outside of every test in this process, so that nobody waits for what it will never see. */
export function throwUnhandled(): void {
  if (first) throw new Error('An error was thrown outside of every test.', { cause: first.error });
}

/** Names such an error as soon as it is thrown; Vitest itself tells it when all files are over. */
export function watchUnhandled(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('uncaughtExceptionMonitor', notice).on('unhandledRejection', notice);
}
