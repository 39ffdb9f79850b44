import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { exec } from '../../../src/programs/exec.ts';
import { spawnProgram } from '../processes/spawn-program.ts';
import { until } from './service.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A `github-flows demo` in a process of its own, killed when the test is over. */
export type DemoProcess = {
  process: ChildProcess;
  /** What it has shown so far, both streams as they came. */
  shown(): string;
  out(): string;
  /** Waits until it has shown this; gives the match. */
  sees(words: RegExp): Promise<RegExpExecArray>;
  ended: Promise<number | null>;
};

/** The environment of a demo whose directory is below `temporary`. */
export function demoEnvironment(
  temporary: string,
  over: Record<string, string> = {},
): Record<string, string> {
  const taken = ['PATH', 'HOME', 'DOCKER_HOST', 'RUN_AS', 'SECRETS_DIR'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return { ...Object.fromEntries(taken), TMPDIR: temporary, ...over };
}

/** Starts a demo. */
export function startDemo(env: Record<string, string>, ...args: readonly string[]): DemoProcess {
  const child = spawnProgram(process.execPath, [join(ROOT, 'src/main.ts'), 'demo', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let shown = '';
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return {
    process: child,
    ended,
    shown: () => shown,
    out: () => out,
    sees: async (words) =>
      await until(`the demo showed ${words}`, () => {
        const match = words.exec(shown);
        if (!match && child.exitCode !== null) throw new Error(`the demo ended after showing:\n${shown}`);
        return match ?? undefined;
      }),
  };
}

/** The directory that demos of this user have below `temporary`. */
export function demoDirectory(temporary: string): string {
  return join(temporary, `github-flows-demo-${process.getuid?.() ?? 0}`);
}

/** Containers that any demo below `temporary` has on the engine, running or not. */
export async function demoContainers(temporary: string): Promise<string[]> {
  const env = demoEnvironment(temporary);
  const installations = readFileSync(join(demoDirectory(temporary), 'installations'), 'utf8').split('\n');
  const found = await Promise.all(
    installations.map(async (installation) => {
      const filter = `label=github-flows.installation=${installation}`;
      return await exec('docker', ['ps', '-aq', '--filter', filter], { env });
    }),
  );
  return found.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean));
}
