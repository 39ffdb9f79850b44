import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { type PostgresServer, startPostgresServer } from '../support/databases/postgres-server.ts';
import { TINY_IMAGE } from '../support/engine/own-engine.ts';
import { runCommand } from '../support/service/cli.ts';
import {
  commentPayload,
  type Ground,
  makeGround,
  shellProfile,
  startServiceOn,
  type TestService,
  until,
} from '../support/service/service.ts';
import { makeWorkerHost, type WorkerHost } from '../support/service/worker-host.ts';
import { size } from '../support/suite/size.ts';

const RUNS = size(9, 1_000);
const LEASE_MS = 6_000;

/** Deliveries sent at a time; GitHub never sends a thousand in one moment, and no machine takes as many connections. */
const AT_ONCE = 50;

let postgres: PostgresServer;
let ground: Ground;
let service: TestService;
const hosts: WorkerHost[] = [];
const figures: string[] = [];

function profile(command: string, script: string, more: Record<string, unknown> = {}): object {
  const trigger = { repository: 'octo/hello', event: 'issue_comment', action: 'created', command };
  const runtime = { image: TINY_IMAGE, ...(more.runtime as object) };
  return { ...shellProfile(script, { ...more, runtime }), trigger };
}

beforeAll(async () => {
  postgres = await startPostgresServer();
  const long = 'trap "exit 9" TERM; echo begun; while :; do sleep 0.1; done';
  ground = makeGround({
    profiles: {
      'short/profile.json': profile('/short', 'echo "$GITHUB_FLOWS_RUN_ID"'),
      'long/profile.json': profile('/long', long),
      'brief/profile.json': profile('/brief', long, { runtime: { timeoutSec: 5 } }),
      'again/profile.json': profile('/again', long, { retry: { attempts: 2, backoffSec: 1, on: 'fault' } }),
    },
    env: {
      DATABASE_URL: await postgres.freshDatabase(),
      MAX_CONCURRENT_RUNS: '0',
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      GITHUB_FLOWS_LEASE_MS: String(LEASE_MS),
    },
  });
  service = await startServiceOn(ground);
  hosts.push(
    ...(await Promise.all(['one', 'two', 'three'].map(async (name) => await makeWorkerHost(ground, name)))),
  );
  await Promise.all(hosts.map(async (host) => await host.start()));
}, 120_000);

afterAll(async () => {
  for (const line of figures) process.stdout.write(`workers: ${line}\n`);
  await Promise.all(hosts.map(async (host) => await host.remove()));
  await service?.app.stop(0);
  await postgres?.remove();
  if (ground) rmSync(ground.dir, { recursive: true, force: true });
}, 120_000);

async function begin(command: string): Promise<string> {
  return (await service.comment(command)).decision?.runId ?? '';
}

async function find(id: string): Promise<Run> {
  const run = await service.app.runs.find(id);
  if (!run) throw new Error(`no run ${id}`);
  return run;
}

/** Waits until a run's agent has printed, as seen from the service's own node; gives the host that it is on. */
async function begun(id: string): Promise<WorkerHost> {
  // The command reads the settings and opens a database each time, so it is asked only when there may be output.
  await until(`the agent of run ${id} prints`, async () =>
    (await find(id)).state === 'running' && (await output(id)).includes('begun') ? true : undefined,
  );
  return hostOf(await find(id));
}

function hostOf(run: Run): WorkerHost {
  const host = hosts.find((one) => one.is(run.host));
  if (!host) throw new Error(`run ${run.id} is on no host of this test: ${run.host}`);
  return host;
}

/** What a run printed, read on a node that never had the file. */
async function output(id: string): Promise<string> {
  return (await runCommand(ground.dir, ground.settings, 'runs', 'logs', id)).out;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  figures.push(`${what}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
  return result;
}

async function nothingLeft(): Promise<void> {
  await until('no container is left on any engine', async () => {
    const counts = await Promise.all(hosts.map(async (host) => await host.containers()));
    return counts.every((count) => count === 0) ? true : undefined;
  });
}

test(`${RUNS} short runs on three engines run once each, and every node can read what they printed`, {
  timeout: 1_800_000,
}, async () => {
  const ids = await timed(`${RUNS} runs on three hosts`, async () => {
    for (let sent = 0; sent < RUNS; sent += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, RUNS - sent) }, () => commentPayload('/short'));
      const accepted = await Promise.all(some.map(async (payload) => await service.deliver(payload)));
      expect(accepted.every(({ status }) => status === 202)).toBe(true);
    }
    const runs = await until(
      'every run has ended',
      async () => {
        const all = await service.app.runs.list(RUNS + 10);
        return all.length === RUNS && all.every(({ state }) => state === 'ended') ? all : undefined;
      },
      1_700_000,
    );
    expect(runs.filter(({ outcome, attempt }) => outcome !== 'succeeded' || attempt !== 1)).toEqual([]);
    expect(new Set(runs.map(hostOf)).size).toBe(3);
    return runs.map(({ id }) => id);
  });
  const printed = await Promise.all(ids.slice(0, 30).map(output));
  expect(printed).toEqual(ids.slice(0, 30).map((id) => `${id}\n`));
  await nothingLeft();
});

test('workers tell who they are, and one that is drained claims no more', async () => {
  const list = async (): Promise<Record<string, unknown>[]> =>
    JSON.parse((await runCommand(ground.dir, ground.settings, 'workers', 'list', '--json')).out);
  const workers = (await list()).filter(({ capacity }) => capacity === 3);
  expect(workers).toHaveLength(3);
  expect(workers.map(({ state }) => state)).toEqual(['working', 'working', 'working']);
  const [first, ...others] = workers.map(({ id }) => String(id));
  for (const id of others) await runCommand(ground.dir, ground.settings, 'workers', 'drain', id);
  expect((await list()).filter(({ state }) => state === 'draining')).toHaveLength(2);
  const ids = await Promise.all(Array.from({ length: 3 }, async () => await begin('/short')));
  const runs = await Promise.all(ids.map(service.ended));
  expect(runs.map(({ worker }) => worker)).toEqual([first, first, first]);
  for (const id of others) await runCommand(ground.dir, ground.settings, 'workers', 'drain', id, '--undo');
});

test('a worker that hears nothing from the database any more stops its container before its lease ends', async () => {
  const [kept, retried] = await Promise.all([begin('/long'), begin('/again')]);
  const host = await begun(kept);
  await begun(retried);
  const other = hostOf(await find(retried));
  host.way.set('hang');
  await timed(
    'cut off, until its container is stopped',
    async () =>
      await until('the container is stopped', async () => ((await host.running()) === 0 ? true : undefined)),
  );
  expect(Date.now()).toBeLessThan((await find(kept)).leaseUntil ?? 0);
  expect(await find(kept)).toMatchObject({ state: 'running', attempt: 1 });
  host.way.set('open');
  const run = await timed(
    'the way is there again, until its run has ended',
    async () => await service.ended(kept),
  );
  expect(run).toMatchObject({ outcome: 'lost', attempt: 1, reason: { code: 'worker_cut_off' } });
  if (other === host)
    await until('the other is tried again, as its profile wants', async () =>
      (await find(retried)).attempt === 2 ? true : undefined,
    );
  await service.app.runs.requestCancel(retried, 'the test is over');
  expect(await service.ended(retried)).toMatchObject({
    outcome: 'cancelled',
    attempt: other === host ? 2 : 1,
  });
  await nothingLeft();
});

test('begun runs of killed workers are never started elsewhere: their host takes them up, or they are lost after their deadline', async () => {
  const [long, brief] = await Promise.all([begin('/long'), begin('/brief')]);
  const [host, other] = [await begun(long), await begun(brief)];
  await Promise.all([host.kill(), other.kill()]);
  const lost = await timed('host gone, until its run of 5 s is lost', async () => await service.ended(brief));
  expect(lost).toMatchObject({ outcome: 'lost', attempt: 1, reason: { code: 'host_lost' } });
  expect(await find(long)).toMatchObject({ state: 'running', attempt: 1 });
  expect(await host.running()).toBe(host === other ? 2 : 1);
  await timed('worker killed and started again, until its run is taken up', async () => {
    await host.start();
    await until('it is taken up', async () =>
      (await service.app.runs.timeline(long)).some(({ kind }) => kind === 'resume') ? true : undefined,
    );
  });
  await service.app.runs.requestCancel(long, 'seen enough');
  expect(await service.ended(long)).toMatchObject({ outcome: 'cancelled', attempt: 1 });
  expect(await output(long)).toBe('begun\n');
  if (other !== host) await other.start();
  await nothingLeft();
});

test('runs that a killed worker had not begun run elsewhere once its leases have ended', async () => {
  const [host, ...others] = hosts as [WorkerHost, ...WorkerHost[]];
  await host.kill();
  await host.start({ GITHUB_FLOWS_CRASH_AT: 'cloned' });
  const ids = await Promise.all(Array.from({ length: 9 }, async () => await begin('/short')));
  await host.gone();
  const runs = await timed('worker killed while it prepared, until its runs have ended elsewhere', async () =>
    Promise.all(ids.map(service.ended)),
  );
  expect(runs.map(({ outcome }) => outcome)).toEqual(ids.map(() => 'succeeded'));
  expect(runs.filter(({ attempt }) => attempt === 2).length).toBeGreaterThan(0);
  expect(others).toEqual(expect.arrayContaining([...new Set(runs.map(hostOf))]));
  await host.start();
  await nothingLeft();
});

test('runs outlive a restart of the database; a run on an engine that stops is lost, and the engine serves again', async () => {
  // Leases as long as they really are: how long a database takes to restart is not what is tested here.
  await Promise.all(
    hosts.map(async (host) => {
      await host.kill();
      await host.start({ GITHUB_FLOWS_LEASE_MS: '' });
    }),
  );
  const [calm, struck] = await Promise.all([begin('/long'), begin('/long')]);
  const host = await begun(struck);
  await begun(calm);
  await postgres.restart();
  const after = await timed(
    'database restarted, until a new run has ended',
    async () => await service.ended(await begin('/short')),
  );
  // A connection that broke may have it prepared twice; its agent has begun once.
  expect(after).toMatchObject({ outcome: 'succeeded' });
  expect(await Promise.all([calm, struck].map(find))).toMatchObject([
    { state: 'running' },
    { state: 'running' },
  ]);
  await host.engine.stop();
  await timed('engine started again, until its run has ended', async () => {
    await host.engine.start();
    expect(await service.ended(struck)).toMatchObject({
      outcome: expect.stringMatching(/lost|failed/),
      attempt: 1,
    });
  });
  await service.app.runs.requestCancel(calm, 'the test is over');
  expect(await service.ended(calm)).toMatchObject({ attempt: 1 });
  const ids = await Promise.all(Array.from({ length: 6 }, async () => await begin('/short')));
  expect((await Promise.all(ids.map(service.ended))).map(({ outcome }) => outcome)).toEqual(
    ids.map(() => 'succeeded'),
  );
  await nothingLeft();
});
