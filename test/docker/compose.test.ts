import { execFileSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import Docker from 'dockerode';
import { expect, onTestFinished, test } from 'vitest';
import { randomId } from '../../src/base/ids.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { askAdmin } from '../support/service/admin-client.ts';
import { commentPayload, deliverTo, makeGround, shellProfile, until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const FILE = join(import.meta.dirname, '../../docker-compose.yml');

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** docker-compose for one directory, as somebody would run it there. */
function composeIn(dir: string, env: Record<string, string> = {}) {
  const project = `gf-test-${randomId(8)}`;
  return (...args: string[]): string =>
    execFileSync('docker-compose', ['-p', project, '-f', FILE, '--project-directory', dir, ...args], {
      cwd: '/',
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', PWD: dir, HOME: dir, ...env },
    });
}

test('both ways of running it are valid, and mount every directory under its own path', () => {
  const compose = composeIn('/srv/flows');
  const fleet = compose('--profile', 'fleet', 'config');
  for (const name of ['github-flows', 'worker', 'postgres']) expect(fleet).toContain(`\n  ${name}:\n`);
  const sources = [...compose('config').matchAll(/source: (\S+)\n\s+target: (\S+)/g)];
  expect(sources.map(([, source]) => source)).toContain('/srv/flows/.secrets');
  expect(fleet).toContain('RUN_DIR: /dev/shm/github-flows-compose');
  for (const [, source, target] of sources) expect(source).toBe(target);
});

test('each worker of a scaled fleet has a directory of its own, and the same one when it is started again', async () => {
  const dir = await temporaryDirectory();
  // In the place of the program: says which directory it was given, and lives until its input ends.
  writeFileSync(join(dir, 'github-flows'), '#!/bin/sh\necho "$1 $VAR_DIR $RUN_DIR"\nread -r _\n', {
    mode: 0o755,
  });
  const [, block = ''] =
    /entrypoint:\n(?: +- (?:sh|-c)\n)+ +- \|\n((?: {8}.*\n)+)/.exec(readFileSync(FILE, 'utf8')) ?? [];
  const script = block.replaceAll(/^ {8}/gm, '').replaceAll('$$', '$');
  const start = async (): Promise<{ said: string; stop: () => Promise<void> }> => {
    const child = spawnProgram('sh', ['-c', script, 'sh', 'worker'], {
      env: { PATH: `${dir}:${process.env.PATH}`, WORKERS_DIR: dir },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const said = await new Promise<string>((resolve) =>
      child.stdout.once('data', (text) => resolve(`${text}`)),
    );
    const stop = async (): Promise<void> => {
      child.stdin.end();
      await ended;
    };
    onTestFinished(stop);
    return { said, stop };
  };
  const slot = (n: number): string =>
    `worker ${dir}/worker-${n} /dev/shm/github-flows-${process.getuid?.()}/worker-${n}\n`;
  const [first, second] = [await start(), await start()];
  expect([first.said, second.said]).toEqual([slot(1), slot(2)]);
  await first.stop();
  expect((await start()).said).toBe(slot(1));
  expect((await start()).said).toBe(slot(3));
});

test('the service in its own image runs an agent next to it, and goes with it', async () => {
  const ground = makeGround({
    profiles: { 'hello/profile.json': shellProfile('cat repo/README.md; id -u') },
  });
  const { dir, settings } = ground;
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const [uid, gid] = owner();
  renameSync(join(dir, 'secrets'), join(dir, '.secrets'));
  mkdirSync(join(dir, 'var'), { mode: 0o700 });
  renameSync(join(dir, 'git'), join(dir, 'var/git'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const lines = {
    WEBHOOK_SECRET: settings.WEBHOOK_SECRET,
    GITHUB_SERVER_URL: `file://${dir}/var/git`,
    GITHUB_API_URL: settings.GITHUB_API_URL,
    RUN_MEMORY: '256m',
    REDELIVER_MISSED: 'off',
    MIN_FREE_TO_RUN: '1m',
    MIN_FREE_TO_ACCEPT: '1m',
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    GITHUB_FLOWS_USER: `${uid}:${gid}`,
    DOCKER_GID: String(statSync('/var/run/docker.sock').gid),
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(dir, '.env'), text.join(''), { mode: 0o600 });
  give(dir, uid, gid);
  const runDir = `/dev/shm/github-flows-${randomId(8)}`;
  onTestFinished(() => rmSync(runDir, { recursive: true, force: true }));
  const compose = composeIn(dir, { RUN_DIR: runDir });
  onTestFinished(() => void compose('down', '--volumes', '--timeout', '5'));
  compose('up', '-d', 'github-flows');
  const admin = { adminUrl: `http://127.0.0.1:${adminPort}`, secretsDir: join(dir, '.secrets') };
  await until(
    `it is ready (${compose('ps')})`,
    async () =>
      await fetch(`${admin.adminUrl}/readyz`).then(
        (response) => (response.ok ? true : undefined),
        () => undefined,
      ),
    30_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${compose('logs')}`);
  });
  const { status, id } = await deliverTo(`http://127.0.0.1:${port}`, commentPayload());
  expect(status).toBe(202);
  const runId = await until('the delivery became a run', async () => {
    const { json } = await askAdmin(admin, `/api/deliveries/${id}`);
    return (json as { runId: string | null }).runId ?? undefined;
  });
  const run = await until('the run ended', async () => {
    const { json } = await askAdmin(admin, `/api/runs/${runId}`);
    return (json as { state: string }).state === 'ended' ? json : undefined;
  });
  expect(run).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  const { text: log } = await askAdmin(admin, `/api/runs/${runId}/log`);
  const entries = log
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  // The mark of the handler's start leaves an entry without a text.
  expect(entries.map(({ text, start = false }) => [text, start])).toEqual([
    ['', true],
    ['# Hello', false],
    [String(uid), false],
  ]);
  const container = new Docker().getContainer(compose('ps', '-q', 'github-flows').trim());
  expect(JSON.stringify(await container.inspect())).not.toContain(settings.WEBHOOK_SECRET);
  await until('docker calls it healthy', async () =>
    (await container.inspect()).State.Health?.Status === 'healthy' ? true : undefined,
  );
  compose('stop', '--timeout', '20', 'github-flows');
  const said = compose('logs', '--no-color');
  expect(said).toContain('stopped');
  expect(said).not.toContain('run_dir_on_disk');
});

/** Whom the service runs as: never root, so that the test is the same for everybody. */
function owner(): [number, number] {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? [1000, 1000] : [uid, process.getgid?.() ?? uid];
}

function give(path: string, uid: number, gid: number): void {
  if (process.getuid?.() !== 0) return;
  chownSync(path, uid, gid);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) give(join(path, name), uid, gid);
}
