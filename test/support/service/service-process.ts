import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { onTestFinished as whenFinished } from 'vitest';
import { spawnProgram } from '../processes/spawn-program.ts';
import { type Ground, until } from './service.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');

/** A service in a process of its own, which can be killed. */
export type ServiceProcess = {
  url: string;
  kill(): Promise<void>;
  /** Resolves with the signal that ended it, or null when it ended by itself. */
  died: Promise<NodeJS.Signals | null>;
  /** Sends a line to the standard input of what it was started through. */
  tell(line: string): void;
};

/** Starts one on this ground, by the command `through` if there is one; it is killed at the latest when the test is over (a concurrent one hands its own hook over). */
export async function spawnService(
  ground: Ground,
  onTestFinished: (work: () => Promise<void>) => void = whenFinished,
  through: readonly string[] = [],
): Promise<ServiceProcess> {
  const [file = '', ...args] = [...through, process.execPath, MAIN, 'serve'];
  const child: ChildProcess = spawnProgram(file, args, {
    cwd: ground.dir,
    env: ground.settings,
    stdio: [through.length > 0 ? 'pipe' : 'ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const died = new Promise<NodeJS.Signals | null>((done) => {
    child.once('exit', (_code, signal) => done(signal));
  });
  const url = await until('the service listens', () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(said);
    return /Receiving webhooks at (http:\S+)\/webhooks/.exec(said)?.[1];
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await died;
  };
  onTestFinished(kill);
  return { url, kill, died, tell: (line) => void child.stdin?.write(`${line}\n`) };
}
