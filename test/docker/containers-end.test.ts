import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createCancellation } from '../../src/base/cancel.ts';
import { systemClock } from '../../src/base/clock.ts';
import { FlowError } from '../../src/base/errors.ts';
import { createEngine } from '../../src/containers/engine/docker.ts';
import { supervise } from '../../src/containers/supervise/supervise.ts';
import {
  type ContainerRun,
  containerRun,
  engine,
  type PlanChanges,
  superviseOptions,
} from '../support/engine/container-run.ts';

/** A second beyond the grace is what is promised; on a machine that is busy with other tests it may be this much more. */
const SLACK_MS = 6_000;

const open: ContainerRun[] = [];

function begin(script: string, changes: PlanChanges = {}): ContainerRun {
  const run = containerRun(script, changes);
  open.push(run);
  return run;
}

afterEach(async () => {
  for (const run of open.splice(0)) {
    const left = await engine.list(run.identity.installation);
    await run.dispose();
    expect(left, 'every test removes its container').toEqual([]);
  }
});

/** How long after `moment` the container was removed. */
async function goneAfter(moment: number, run: ContainerRun, id: string): Promise<number> {
  await engine.remove(id);
  const goneMs = systemClock.now() - moment;
  expect(await engine.list(run.identity.installation)).toEqual([]);
  return goneMs;
}

test('an exit code comes through as it is, also that of a signal', async () => {
  const ends = {
    'exit 0': 0,
    'exit 1': 1,
    'exit 124': 124,
    'exit 255': 255,
    'kill -TERM $$': 143,
    nosuchcommand: 127,
  };
  const runs = Object.entries(ends).map(async ([script, exitCode]) => {
    expect(await begin(script).run()).toMatchObject({ endedBy: 'exit', exitCode, outOfMemory: false });
  });
  await Promise.all(runs);
});

test('an agent that ignores SIGTERM and forks out of its group is gone a second after the grace', async () => {
  const script = `trap '' TERM; for i in 1 2 3; do setsid bash -c "trap '' TERM; while :; do echo alive; sleep 0.1; done" & done; while :; do sleep 0.1; done`;
  const run = begin(script, { limits: { graceSec: 2 } });
  const id = await run.start();
  const deadlineAt = systemClock.now() + 1_500;
  const end = await run.supervise(id, { deadlineAt });
  const goneMs = await goneAfter(deadlineAt, run, id);
  expect(end).toMatchObject({ endedBy: 'deadline', exitCode: 137, outOfMemory: false });
  expect(goneMs).toBeGreaterThan(1_900);
  expect(goneMs).toBeLessThan(3_000 + SLACK_MS);
  expect(await run.text('stdout')).toContain('alive\n');
});

test('a flood of short lines that ignores SIGTERM is gone in time too', async () => {
  const run = begin(`trap '' TERM; yes 0123456789abcdef`, { limits: { graceSec: 3 } });
  const id = await run.start();
  const deadlineAt = systemClock.now() + 2_000;
  expect(await run.supervise(id, { deadlineAt })).toMatchObject({ endedBy: 'deadline' });
  expect(await goneAfter(deadlineAt, run, id)).toBeLessThan(4_000 + SLACK_MS);
});

test('an agent that hears SIGTERM may finish within the grace, and says its last words', async () => {
  const run = begin(`trap 'echo goodbye; exit 9' TERM; while :; do sleep 0.05; done`, {
    limits: { graceSec: 20 },
  });
  const id = await run.start();
  const deadlineAt = systemClock.now() + 700;
  const end = await run.supervise(id, { deadlineAt });
  expect(await goneAfter(deadlineAt, run, id)).toBeLessThan(3_000 + SLACK_MS);
  expect(end).toMatchObject({ endedBy: 'deadline', exitCode: 9 });
  expect(await run.text('stdout')).toBe('goodbye\n');
});

test('a setup script that hangs is stopped at the deadline', async () => {
  const run = begin('echo never', { setupScript: 'sleep 100' });
  const id = await run.start();
  const deadlineAt = systemClock.now() + 500;
  expect(await run.supervise(id, { deadlineAt })).toMatchObject({ endedBy: 'deadline', startFailure: null });
  expect(await goneAfter(deadlineAt, run, id)).toBeLessThan(3_000 + SLACK_MS);
});

test('a container whose service never comes back ends by itself', async () => {
  const run = begin(`trap '' TERM; while :; do sleep 0.1; done`, {
    limits: { timeoutSec: -58, graceSec: 1 },
  });
  const id = await run.start();
  await expect.poll(async () => (await engine.inspect(id)).running, { timeout: 10_000 }).toBe(false);
  const end = await run.supervise(id, { deadlineAt: systemClock.now() - 60_000 });
  expect(end).toMatchObject({ endedBy: 'deadline' });
  await engine.remove(id);
});

test('silence ends a run, and dots without a newline are no silence', async () => {
  const silent = begin('echo begin; sleep 100').run({ stallTimeoutSec: 1 });
  const dots = begin('for i in $(seq 12); do printf .; sleep 0.25; done; echo');
  expect(await dots.run({ stallTimeoutSec: 2 })).toMatchObject({ endedBy: 'exit', exitCode: 0 });
  expect(await dots.text('stdout')).toBe('............\n');
  expect(await silent).toMatchObject({ endedBy: 'stall', exitCode: 143 });
});

test('a cancel stops the agent at once', async () => {
  const run = begin('echo ready; sleep 100');
  const cancellation = createCancellation();
  const cause = new FlowError({ code: 'x', blame: 'sender', message: 'x', hint: 'x' });
  const id = await run.start();
  const end = run.supervise(id, { cancellation });
  await expect.poll(() => run.text('stdout'), { timeout: 5_000 }).toBe('ready\n');
  cancellation.cancel(cause);
  expect(await end).toMatchObject({ endedBy: 'cancel', exitCode: 143 });
  await engine.remove(id);
});

test('running out of memory is told by 137, and not when only a command did', async () => {
  const eat = `perl -e '$x = "x" x 400_000_000; sleep 5'`;
  const limits = { memoryBytes: 64 * 1024 ** 2 };
  const [whole, command] = await Promise.all(
    [`exec ${eat}`, `${eat}; exit 0`].map((script) => begin(script, { limits }).run()),
  );
  expect(whole).toMatchObject({ endedBy: 'exit', exitCode: 137, outOfMemory: true });
  expect(command).toMatchObject({ exitCode: 0, outOfMemory: false });
});

test('a fork bomb meets its limit and ends with its run', async () => {
  const run = begin('bomb() { bomb | bomb & }; bomb; sleep 100', { limits: { pids: 40, graceSec: 1 } });
  const id = await run.start();
  const deadlineAt = systemClock.now() + 1_500;
  expect(await run.supervise(id, { deadlineAt })).toMatchObject({ endedBy: 'deadline' });
  expect(await goneAfter(deadlineAt, run, id)).toBeLessThan(2_000 + SLACK_MS);
});

test('a container that somebody removes is told', async () => {
  const run = begin('sleep 100');
  const id = await run.start();
  const end = run.supervise(id);
  await sleep(200);
  await engine.remove(id);
  expect(await end).toMatchObject({ endedBy: 'engine' });
});

test('an end that came while no service looked is told with its real exit code', async () => {
  const run = begin('echo words; exit 5');
  const id = await run.start();
  await expect.poll(async () => (await engine.inspect(id)).ended, { timeout: 10_000 }).toBe(true);
  expect(await run.supervise(id)).toMatchObject({ endedBy: 'exit', exitCode: 5 });
  expect(await run.text('stdout')).toBe('words\n');
  await engine.remove(id);
});

test('a service that stops leaves the container running, and the next one goes on with it', async () => {
  const run = begin('for i in $(seq 40); do echo line $i; sleep 0.05; done; exit 6');
  const id = await run.start();
  const detach = new AbortController();
  const left = supervise({ ...superviseOptions(run.plan, id, run.log), detach: detach.signal });
  await expect.poll(() => run.text('stdout'), { timeout: 5_000 }).toContain('line 5\n');
  detach.abort();
  expect(await left).toBe('left');
  expect((await engine.inspect(id)).running).toBe(true);
  expect(await run.supervise(id)).toMatchObject({ endedBy: 'exit', exitCode: 6 });
  expect(await run.text('stdout')).toBe(
    Array.from({ length: 40 }, (_none, index) => `line ${index + 1}\n`).join(''),
  );
  await engine.remove(id);
});

test('an engine that goes away for a while costs nothing: the end, the deadline and every line are still right', async () => {
  const run = begin('for i in $(seq 60); do echo line $i; sleep 0.05; done; exit 7');
  const proxy = await startProxy(join(run.dir, 'engine.sock'));
  try {
    const through = createEngine({
      dockerHost: `unix://${join(run.dir, 'engine.sock')}`,
      clock: systemClock,
    });
    const id = await run.start();
    const end = run.supervise(id, { engine: through, stallTimeoutSec: 1 });
    for (let count = 0; count < 3; count += 1) {
      await sleep(300);
      proxy.cut();
      await sleep(count === 2 ? 1_500 : 100);
      proxy.hint();
    }
    expect(await end).toMatchObject({ exitCode: 7 });
    expect(await run.text('stdout')).toBe(
      Array.from({ length: 60 }, (_none, index) => `line ${index + 1}\n`).join(''),
    );
    await engine.remove(id);
  } finally {
    await proxy.close();
  }
});

/** A socket in front of the engine's that can be cut and fixed. */
async function startProxy(path: string): Promise<{ cut(): void; hint(): void; close(): Promise<void> }> {
  let isCut = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect('/var/run/docker.sock');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
      one.pipe(other);
    }
    if (isCut) client.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    cut,
    hint: () => {
      isCut = false;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
