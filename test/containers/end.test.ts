import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createCancellation } from '../../src/base/cancel.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { FlowError } from '../../src/base/errors.ts';
import { describeEnd, type Exit, waitForExit } from '../../src/containers/supervise/container-end.ts';
import { collectCauses } from '../../src/containers/supervise/end-causes.ts';
import { stopForSure } from '../../src/containers/supervise/stop.ts';

const issue = (code: string): FlowError => new FlowError({ code, blame: 'docker', message: code, hint: '' });

/** A clock on which waiting is a hundred times shorter. */
const quick: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
  after: (ms, action) => systemClock.after(ms / 100, action),
};

const exit = (exitCode: number, finishedAt = 1_000, wasBroken = false): Exit => ({
  state: { running: false, ended: true, exitCode, startedAt: 0, finishedAt },
  wasBroken,
});

const judged = (parts: Partial<Parameters<typeof describeEnd>[0]>) =>
  describeEnd({
    stoppedFor: undefined,
    exit: exit(0),
    deadlineAt: 5_000,
    startFailure: undefined,
    now: 9_000,
    ...parts,
  });

test('an end of its own is an exit, and 137 without our kill is memory', () => {
  expect(judged({})).toEqual({
    endedBy: 'exit',
    exitCode: 0,
    outOfMemory: false,
    finishedAt: 1_000,
    startFailure: null,
  });
  expect(judged({ exit: exit(137) })).toMatchObject({ endedBy: 'exit', outOfMemory: true });
  expect(judged({ exit: exit(137), stoppedFor: 'stall' })).toMatchObject({
    endedBy: 'stall',
    outOfMemory: false,
  });
});

test('a container that ended after its deadline while nobody looked was ended by it', () => {
  expect(judged({ exit: exit(124, 65_000) })).toMatchObject({ endedBy: 'deadline', exitCode: 124 });
});

test('a container that is gone, or failed while the engine was away, was ended by the engine', () => {
  expect(judged({ exit: undefined })).toMatchObject({ endedBy: 'engine', exitCode: null, finishedAt: 9_000 });
  expect(judged({ exit: exit(137, 1_000, true) })).toMatchObject({ endedBy: 'engine', outOfMemory: false });
  expect(judged({ exit: exit(0, 1_000, true) })).toMatchObject({ endedBy: 'exit' });
});

test('words of the start script count only with the exit code that goes with them', () => {
  const startFailure = { stage: 'setup', text: 'x', exitCode: 3 } as const;
  expect(judged({ exit: exit(3), startFailure }).startFailure).toEqual(startFailure);
  expect(judged({ exit: exit(4), startFailure }).startFailure).toBeNull();
  expect(judged({ exit: exit(0), startFailure: { ...startFailure, exitCode: 0 } }).startFailure).toBeNull();
  expect(judged({ exit: exit(3), startFailure, stoppedFor: 'cancel' }).startFailure).toBeNull();
});

test('waiting goes on while the engine is away, and says that it was', async () => {
  const wait = vi
    .fn()
    .mockRejectedValueOnce(issue('engine_unreachable'))
    .mockRejectedValueOnce(issue('engine_timeout'))
    .mockResolvedValue(undefined);
  const inspect = vi.fn().mockResolvedValue(exit(5).state);
  const { signal } = new AbortController();
  expect(await waitForExit({ engine: { wait, inspect }, containerId: 'c', signal, clock: quick })).toEqual(
    exit(5, 1_000, true),
  );
});

test('waiting ends when the container is gone, or with the signal', async () => {
  const gone = { wait: async () => await Promise.reject(issue('container_gone')), inspect: vi.fn() };
  const { signal } = new AbortController();
  await expect(waitForExit({ engine: gone, containerId: 'c', signal, clock: quick })).rejects.toMatchObject({
    code: 'container_gone',
  });
  const away = { wait: async () => await Promise.reject(issue('engine_unreachable')), inspect: vi.fn() };
  await expect(
    waitForExit({ engine: away, containerId: 'c', signal: AbortSignal.timeout(20), clock: quick }),
  ).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('a stop is tried again while the engine is away, until the container is over', async () => {
  const ended = Promise.withResolvers<Exit>();
  const stop = vi
    .fn()
    .mockRejectedValueOnce(issue('engine_unreachable'))
    .mockImplementation(async () => {
      ended.resolve(exit(143));
      return true;
    });
  const engine = { stop, kill: vi.fn() };
  expect(await stopForSure({ engine, containerId: 'c', graceSec: 1, clock: quick }, ended.promise)).toBe(
    true,
  );
  expect(stop).toHaveBeenCalledTimes(2);
  expect(engine.kill).not.toHaveBeenCalled();
});

test('a container that hears no stop in time is killed, and one that ended by itself is told apart', async () => {
  const kill = vi.fn().mockResolvedValue(undefined);
  const stuck = {
    stop: vi.fn().mockRejectedValueOnce(issue('engine_timeout')).mockResolvedValue(true),
    kill,
  };
  await stopForSure(
    { engine: stuck, containerId: 'c', graceSec: 1, clock: quick },
    sleep(10).then(() => exit(137)),
  );
  expect(kill).toHaveBeenCalledOnce();
  const over = { stop: async () => false, kill };
  expect(
    await stopForSure(
      { engine: over, containerId: 'c', graceSec: 1, clock: quick },
      Promise.resolve(exit(0)),
    ),
  ).toBe(false);
});

test('an engine that never comes back is not waited for longer than a minute and the grace', async () => {
  const engine = { stop: async () => await Promise.reject(issue('engine_unreachable')), kill: vi.fn() };
  let now = 0;
  const clock: Clock = { ...quick, passed: () => (now += 1_000) };
  const never = new Promise<Exit>(() => {});
  expect(await stopForSure({ engine, containerId: 'c', graceSec: 5, clock }, never)).toBe(true);
  expect(now).toBeGreaterThan(65_000);
});

test('the first cause counts, and none is given after the end', async () => {
  const cancellation = createCancellation();
  const detach = new AbortController();
  const options = { cancellation, detach: detach.signal, clock: systemClock };
  const causes = collectCauses({ ...options, deadlineAt: systemClock.now() + 30 });
  causes.give('stall');
  cancellation.cancel(issue('x'));
  expect(await causes.first).toBe('stall');
  causes.stop();
  const late = collectCauses({ ...options, deadlineAt: systemClock.now() + 60_000 });
  expect(await late.first).toBe('cancel');
  late.stop();
  const passed = collectCauses({ ...options, cancellation: createCancellation(), deadlineAt: 0 });
  expect(await passed.first).toBe('deadline');
  passed.stop();
  const left = collectCauses({
    ...options,
    cancellation: createCancellation(),
    deadlineAt: systemClock.now() + 60_000,
  });
  detach.abort();
  expect(await left.first).toBe('left');
  left.stop();
});

test('a deadline that is further away than a timer reaches is not met early', async () => {
  const timers: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after(ms, action) {
      timers.push(ms);
      if (timers.length < 3) queueMicrotask(action);
      return { stop: () => {} };
    },
  };
  const deadlineAt = clock.now() + 40 * 24 * 3_600_000;
  const causes = collectCauses({
    deadlineAt,
    cancellation: createCancellation(),
    detach: new AbortController().signal,
    clock,
  });
  await sleep(5);
  expect(timers).toHaveLength(3);
  expect(await Promise.race([causes.first, 'nothing'])).toBe('nothing');
});
