import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { exec, holdHelper, howEnded } from '../../src/programs/exec.ts';
import { startHelper } from '../../src/programs/helper.ts';
import { identifyProcess, killTree } from '../../src/programs/process-tree.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { until } from '../support/service/service.ts';

const env = { PATH: '/usr/bin:/bin' };
const release: (() => void)[] = [];

afterEach(() => {
  for (const each of release.splice(0)) each();
});

/** What runs on this machine by exactly this command line. */
function processesOf(command: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandOf(pid) === command);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** What Node is given to play a script in a process of its own, which holds a helper. */
function helped(script: string): string[] {
  const program = new URL('../../src/programs/exec.ts', import.meta.url).href;
  const opening = 'const { exec, holdHelper } = await import(process.argv[1]); holdHelper();';
  return ['--input-type=module', '-e', `${opening}\n${script}`, program];
}

describe.each([
  ['from this process', false],
  ['from its helper', true],
])('a program started %s', (_name, hasHelper) => {
  const sh = async (script: string, options: object = {}): ReturnType<typeof exec> => {
    if (hasHelper) release.push(holdHelper());
    return await exec('/bin/sh', ['-c', script], { env, ...options });
  };

  test('gives its exit code and all that it said, and has nothing of the service’s environment', async () => {
    process.env.OF_THE_SERVICE = 'kept';
    expect(await sh('echo "out $OF_THE_SERVICE"; echo err >&2; exit 3')).toEqual({
      exitCode: 3,
      stdout: 'out \n',
      stderr: 'err\n',
    });
    expect(await sh('env | cut -d= -f1 | sort', { env: { ...env, ONLY: 'this' } })).toMatchObject({
      stdout: expect.stringMatching(/ONLY\n(.*\n)*PATH\n/),
    });
  });

  test('reads its input, letter for letter', async () => {
    const input = Buffer.from([0, 255, 10, 13, 128]);
    const { stdout } = await sh('od -An -tx1', { input });
    expect(stdout.trim()).toBe('00 ff 0a 0d 80');
  });

  test('is followed while it goes on, and what is streamed is not kept', async () => {
    const chunks: Buffer[] = [];
    const said: string[] = [];
    const result = await sh('head -c 3000000 /dev/zero; echo done >&2', {
      onStdout: (chunk: Buffer) => chunks.push(chunk),
      onStderr: (text: string) => said.push(text),
    });
    expect(Buffer.concat(chunks).equals(Buffer.alloc(3_000_000))).toBe(true);
    expect(said.join('')).toBe('done\n');
    expect(result).toEqual({ exitCode: 0, stdout: '', stderr: 'done\n' });
  });

  test('that ends without an exit code says by what: a signal, its time, too many words', async () => {
    const ends = [
      sh('echo last words >&2; kill -KILL $$'),
      sh('exec sleep 60', { timeoutMs: 50 }),
      sh('exec head -c 70000000 /dev/zero'),
    ].map(async (running) => howEnded(await running.catch((error: unknown) => error)));
    expect(await Promise.all(ends)).toEqual([
      { signal: 'SIGKILL', stderr: 'last words\n' },
      { ended: 'time' },
      { ended: 'output' },
    ]);
  });

  test('is ended by the signal that it was given, before its start and after', async () => {
    const control = new AbortController();
    const running = sh('echo begun >&2; exec sleep 61', {
      signal: control.signal,
      onStderr: () => control.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'command_failed' });
    await expect(sh('exec sleep 61', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'command_failed',
    });
    expect(processesOf('sleep 61')).toEqual([]);
    await expect(sh('exec head -c 70000000 /dev/zero')).rejects.toMatchObject({
      message: expect.stringContaining('more than 67108864 bytes'),
    });
  });

  test('that is not there is told as one', async () => {
    if (hasHelper) release.push(holdHelper());
    await expect(exec('/nowhere/no-such-program', [], { env })).rejects.toMatchObject({
      code: 'command_failed',
      message: expect.stringContaining('ENOENT'),
    });
  });
});

test('a helper that is killed fails and ends what it ran, and the next program starts without it', async () => {
  release.push(holdHelper());
  const running = exec('/bin/sh', ['-c', 'sleep 62 & echo begun >&2; wait'], {
    env,
    onStderr: () => process.kill(helperOf(process.pid), 'SIGKILL'),
  });
  await expect(running).rejects.toMatchObject({
    cause: { message: expect.stringContaining('has ended') },
  });
  expect(await exec('echo', ['still here'], { env })).toMatchObject({ stdout: 'still here\n' });
  await until('nothing goes on', () => (processesOf('sleep 62').length === 0 ? true : undefined));
});

test('a process is killed only while it is the one that began then', async () => {
  const child = spawnProgram('sleep', ['65'], { stdio: 'ignore' });
  const known = identifyProcess(child.pid ?? 0);
  expect(known).toMatchObject({ pid: child.pid, began: expect.stringMatching(/^\d+$/) });
  if (!known) return;
  killTree({ ...known, began: String(Number(known.began) - 1) });
  expect(identifyProcess(known.pid)).toEqual(known);
  killTree(known);
  expect(await new Promise((ended) => child.once('exit', (_, signal) => ended(signal)))).toBe('SIGKILL');
  expect(identifyProcess(known.pid)).toBeUndefined();
});

test('the last who lets a helper go ends it and what it still runs', async () => {
  const [first, second] = [holdHelper(), holdHelper()];
  const pid = helperOf(process.pid);
  first();
  expect((await exec('echo', ['yes'], { env })).stdout).toBe('yes\n');
  const running = exec('sleep', ['63'], { env });
  await until('it runs', () => (processesOf('sleep 63').length === 1 ? true : undefined));
  second();
  await expect(running).rejects.toMatchObject({ code: 'command_failed' });
  await until('both are gone', () =>
    processesOf('sleep 63').length === 0 && commandOf(pid) === '' ? true : undefined,
  );
});

test('nothing goes on without the process that started the helper, whatever ended it; signals to all of them do not end it', async () => {
  const script = `await exec('sh', ['-c', 'echo begun >&2; exec sleep 64'], {
    env: { PATH: '/usr/bin:/bin' },
    onStderr: (text) => process.stdout.write(text),
  });`;
  const parent = spawnProgram(process.execPath, helped(script), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((begun) => parent.stdout?.once('data', begun));
  const helper = helperOf(parent.pid ?? 0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(helper, signal);
  expect(processesOf('sleep 64')).toHaveLength(1);
  parent.kill('SIGKILL');
  await until('nothing is left', () =>
    processesOf('sleep 64').length === 0 && commandOf(helper) === '' ? true : undefined,
  );
});

test('a helper keeps nobody waiting who has nothing to run', async () => {
  const script = `const { stdout } = await exec('echo', ['ran'], { env: { PATH: '/usr/bin:/bin' } });
  process.stdout.write(stdout);`;
  const { stdout, exitCode } = await exec(process.execPath, helped(script), { env, timeoutMs: 60_000 });
  expect({ stdout, exitCode }).toEqual({ stdout: 'ran\n', exitCode: 0 });
});

test('a helper that cannot be told any more is no longer alive', async () => {
  const helper = startHelper();
  helper.stop();
  expect(helper.isAlive()).toBe(false);
});

/** The helper of a process: its child of that name. */
function helperOf(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  const pid = children.find((each) => commandOf(each).includes('helper-process'));
  if (pid === undefined) throw new Error(`process ${parent} has no helper`);
  return pid;
}
