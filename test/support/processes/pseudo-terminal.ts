import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { until } from '../service/service.ts';
import { spawnProgram } from './spawn-program.ts';

/** A command on a terminal of its own. */
export type PseudoTerminal = {
  /** Waits until this text was shown. */
  shows(text: string): Promise<void>;
  type(text: string): void;
  /** All that was shown so far. */
  shown(): string;
  /** Takes the terminal away, as somebody does who closes the window. */
  close(): void;
  /** The command's exit code. */
  ended: Promise<number | null>;
};

/** Starts a command on a terminal of this size, by `script` of util-linux; both are gone when the test is over. */
export function startTerminal(
  command: readonly string[],
  env: Record<string, string>,
  size: { rows: number; columns: number },
): PseudoTerminal {
  const words = command.map((word) => `'${word}'`).join(' ');
  const line = `stty rows ${size.rows} cols ${size.columns}; exec ${words}`;
  const child = spawnProgram('script', ['-qefc', line, '/dev/null'], { env: { ...env, SHELL: '/bin/sh' } });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return {
    ended,
    shown: () => shown,
    type: (text) => void child.stdin.write(text),
    close: () => void child.kill('SIGKILL'),
    async shows(text) {
      const told = (): true | undefined => (shown.includes(text) ? true : undefined);
      await until(`the terminal shows ${text}`, told, 20_000).catch((error: unknown) => {
        throw new Error(`${String(error)}; it shows ${JSON.stringify(shown)}`);
      });
    },
  };
}
