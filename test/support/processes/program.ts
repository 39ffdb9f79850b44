import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { spawnProgram } from './spawn-program.ts';

/** A program in a process of its own, killed when the test is over; `line` waits for its next line of output. */
export type Program = { process: ChildProcess; line(): Promise<string>; ended: Promise<number | null> };

/** Starts `programs/<name>.ts` with `args`. */
export function startProgram(name: string, args: readonly string[] = []): Program {
  const file = fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
  const child = spawnProgram(process.execPath, ['--expose-gc', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const chunks = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false });
  let rest = '';
  return {
    process: child,
    ended,
    async line() {
      while (!rest.includes('\n')) {
        const { value, done } = await chunks.next();
        if (done) throw new Error(`${name} ended after printing ${JSON.stringify(rest)}.`);
        rest += value;
      }
      const end = rest.indexOf('\n');
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return line;
    },
  };
}
