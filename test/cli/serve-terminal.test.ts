import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTerminal } from '../support/processes/pseudo-terminal.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/github-flows');

/** A place for a service without an engine, whose log says so. */
async function place(): Promise<{ dir: string; env: Record<string, string> }> {
  const dir = await temporaryDirectory();
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
  mkdirSync(join(dir, 'profiles/p'), { recursive: true });
  const runtime = { image: 'image:1', network: 'none' };
  const execution = { handler: { type: 'shell', command: ['true'] }, runtime };
  writeFileSync(
    join(dir, 'profiles/p/profile.json'),
    JSON.stringify({ trigger: { event: 'push' }, execution }),
  );
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: dir, TERM: 'xterm', PORT: '0', ADMIN_PORT: '0' },
    ...{ SECRETS_DIR: join(dir, 'secrets'), VAR_DIR: join(dir, 'var'), PROFILES_DIR: join(dir, 'profiles') },
    ...{ DOCKER_HOST: `unix://${dir}/none.sock`, WEBHOOK_SECRET: '0123456789abcdefghij' },
    GITHUB_API_URL: 'http://127.0.0.1:9',
  };
  return { dir, env };
}

test('the log of `serve` is text for people at a terminal, without a stack for what is expected', async () => {
  const { env } = await place();
  const terminal = startTerminal([PROGRAM, 'serve'], env, { rows: 24, columns: 200 });
  await terminal.shows('engine does not answer');
  await terminal.shows('[engine_unreachable]');
  expect(terminal.shown()).toMatch(/^\d\d:\d\d:\d\d INFO {2}the profiles were read profiles=1/m);
  expect(terminal.shown()).toMatch(/^ {2}→ Start it/m);
  expect(terminal.shown()).not.toMatch(/"level"|^\s+at /m);
});

test('it is JSON lines where it is piped', async () => {
  const { env } = await place();
  const child = spawnProgram(PROGRAM, ['serve'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const line = await until('the engine is told', () => /^.*engine_unreachable.*$/m.exec(out)?.[0]);
  const entry = JSON.parse(line);
  expect(entry).toMatchObject({ level: 'error', err: { code: 'engine_unreachable' } });
  expect(entry.err.stack).toBeUndefined();
});
