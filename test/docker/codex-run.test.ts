import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { INTERACTIVE_CONTAINER } from '../../src/agents/codex/login/containers.ts';
import { exec } from '../../src/programs/exec.ts';
import { makeLoginImage } from '../support/codex/login-issuer.ts';
import { runAs } from '../support/engine/container-run.ts';
import { startTerminal } from '../support/processes/pseudo-terminal.ts';
import { until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };

/** Takes the place of the interactive Codex: says what it sees, and takes one line. */
const SCRIPT = `until [ "$(stty size)" != "0 0" ]; do sleep 0.05; done; stty size; echo "on $TERM in $(pwd) with $(ls -A)"; read -r line
echo "you typed $line"; stty size; echo 'model = "gpt-chosen"' > "$CODEX_HOME/config.toml"; exit "$line"
`;

let image: { name: string; remove(): Promise<void> };
beforeAll(async () => {
  image = await makeLoginImage();
});
afterAll(async () => await image.remove());
afterEach(async () => {
  expect(await isThere()).toBe(false);
});

async function isThere(): Promise<boolean> {
  return (await exec('docker', ['inspect', INTERACTIVE_CONTAINER], { env })).exitCode === 0;
}

async function settings(): Promise<Record<string, string>> {
  const dir = await temporaryDirectory();
  const state = join(dir, 'secrets/codex');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(join(state, 'terminal.sh'), SCRIPT);
  chownSync(state, runAs.uid, runAs.gid);
  return {
    ...env,
    TERM: 'xterm',
    SECRETS_DIR: join(dir, 'secrets'),
    VAR_DIR: join(dir, 'var'),
    CODEX_IMAGE: image.name,
    RUN_AS: `${runAs.uid}:${runAs.gid}`,
    ...(process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {}),
  };
}

describe('codex run', () => {
  test('opens Codex on this terminal, as large as that is, and what is chosen there stays', async () => {
    const environment = await settings();
    const terminal = startTerminal([process.execPath, MAIN, 'codex', 'run'], environment, {
      rows: 33,
      columns: 111,
    });
    await terminal.shows('33 111');
    await terminal.shows('on xterm in /workspace with');
    const second = startTerminal([process.execPath, MAIN, 'codex', 'run'], environment, {
      rows: 24,
      columns: 80,
    });
    await second.shows('[codex_run_under_way]');
    expect(await second.ended).toBe(1);
    terminal.type('0\r');
    await terminal.shows('you typed 0');
    expect(await terminal.ended).toBe(0);
    const status = await exec(process.execPath, [MAIN, 'codex', 'status', '--json'], { env: environment });
    expect(JSON.parse(status.stdout)).toMatchObject({ model: 'gpt-chosen', mode: 'none' });
  });

  test('tells when Codex failed, and leaves no container when the terminal is closed', async () => {
    const environment = await settings();
    const size = { rows: 24, columns: 80 };
    const failing = startTerminal([process.execPath, MAIN, 'codex', 'run'], environment, size);
    await failing.shows('on xterm');
    failing.type('7\r');
    await failing.shows('Codex ended with exit code 7.');
    expect(await failing.ended).toBe(1);

    const closed = startTerminal([process.execPath, MAIN, 'codex', 'run'], environment, size);
    await closed.shows('on xterm');
    closed.close();
    await until('the container is gone', async () => ((await isThere()) ? undefined : true));
  });

  test('asks for a terminal when there is none, with exit code 2', async () => {
    const environment = await settings();
    const { exitCode, stderr } = await exec(process.execPath, [MAIN, 'codex', 'run'], { env: environment });
    expect(stderr).toContain('terminal');
    expect(exitCode).toBe(2);
  });
});
