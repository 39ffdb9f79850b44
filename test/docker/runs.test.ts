import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import {
  commentPayload,
  onIssues,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

const IGNORING = "trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 300' & while :; do sleep 1; done";
// Long lines: what is counted is bytes, and each line costs time on its own.
const ENDLESS = `yes "$(head -c 1000 /dev/zero | tr '\\0' x)"`;

describe('a run ends with its outcome and its reason', () => {
  let service: TestService;
  const profiles = {
    failing: shellProfile('echo no; exit 3'),
    setup: shellProfile('echo agent', { runtime: { setupScript: 'echo setup; exit 7' } }),
    deadline: shellProfile(IGNORING, { runtime: { timeoutSec: 2 } }),
    silent: shellProfile('echo on; sleep 300', { runtime: { stallTimeoutSec: 2 } }),
    memory: shellProfile('perl -e \'$x = "a" x 2e9; sleep 5\'', { runtime: { memory: '64m' } }),
    output: shellProfile(ENDLESS),
    image: shellProfile('true', { runtime: { image: 'github-flows-nowhere:latest' } }),
    cancelled: shellProfile('sleep 300'),
  };
  const names = Object.keys(profiles);

  beforeAll(async () => {
    const files = Object.entries(profiles).map(([name, profile], index) => [
      `${name}/profile.json`,
      onIssues(index + 1, profile),
    ]);
    service = await startService({ profiles: Object.fromEntries(files), env: { RUN_LOG_BYTES: '1m' } });
  });
  afterAll(async () => await service.close());

  const of = (name: keyof typeof profiles) => ({ issueNumber: names.indexOf(name) + 1 });
  const runOf = async (name: keyof typeof profiles): Promise<Run> => await service.run(undefined, of(name));

  test('an agent that fails', async () => {
    const run = await runOf('failing');
    expect(run).toMatchObject({ outcome: 'failed', exitCode: 3, reason: { code: 'agent_failed' } });
    expect(existsSync(join(service.config.workspaceRoot, 'octo/hello', run.id, 'repo/README.md'))).toBe(true);
  });

  test('a setup script that fails, before the agent starts', async () => {
    const run = await runOf('setup');
    expect(run).toMatchObject({ outcome: 'failed', exitCode: 7, reason: { code: 'setup_script_failed' } });
    expect(service.output(run.id)).toMatch(/^setup\n/);
    expect(service.output(run.id)).not.toContain('agent');
  });

  test('a deadline, also for an agent that ignores SIGTERM and has forked', async () => {
    const run = await runOf('deadline');
    expect(run).toMatchObject({ outcome: 'timed_out', reason: { code: 'deadline_passed' } });
    expect((run.endedAt ?? 0) - (run.deadlineAt ?? 0)).toBeLessThan(8_000);
    expect(await service.containers()).toEqual([]);
  });

  test('silence', async () => {
    const run = await runOf('silent');
    expect(run).toMatchObject({ outcome: 'stalled', reason: { code: 'output_stalled' } });
  });

  test('too much memory', async () => {
    const run = await runOf('memory');
    expect(run).toMatchObject({ outcome: 'failed', exitCode: 137, reason: { code: 'out_of_memory' } });
  });

  test('too much output, which neither fills the memory nor the disk', async () => {
    const before = process.memoryUsage().rss;
    const run = await runOf('output');
    expect(run).toMatchObject({ outcome: 'failed', reason: { code: 'output_limit' } });
    const log = readFileSync(join(service.config.varDir, 'log/runs', run.id, '1/output.jsonl'));
    expect(log.length).toBeLessThan(3 * 1024 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  test('an image that is not there, with the command that fixes it', async () => {
    const run = await runOf('image');
    expect(run).toMatchObject({
      outcome: 'refused',
      reason: { code: 'image_missing', hint: 'Build it: npm run images' },
    });
  });

  test('a cancel, with its reason and no container left', async () => {
    const delivery = await service.comment(undefined, of('cancelled'));
    const runId = delivery.decision?.runId ?? '';
    await until('the agent runs', async () =>
      (await service.app.runs.find(runId))?.state === 'running' ? true : undefined,
    );
    await service.app.runs.requestCancel(runId, 'not needed any more');
    const run = await service.ended(runId);
    expect(run).toMatchObject({ outcome: 'cancelled', reason: { code: 'run_cancelled' } });
    expect(run.reason?.message).toContain('not needed any more');
    expect(await service.containers()).toEqual([]);
  });
});

/** The service of a test below. */
let service: TestService;
afterEach(async () => await service?.close());

describe('a mount that is refused', () => {
  test('when it became forbidden after loading, at launch, with nothing started', async () => {
    service = await startService({ profiles: { 'hello/profile.json': shellProfile('true') } });
    const data = join(service.dir, 'data');
    mkdirSync(data);
    const mount = ['--mount', `type=bind,src=${data},dst=/data,readonly`];
    const profile = shellProfile('ls /data', { runtime: { dockerArgs: mount } });
    writeFileSync(join(service.dir, 'profiles/hello/profile.json'), JSON.stringify(profile));
    await until('the profile was read again', () =>
      service.log.filter((line) => line.msg === 'the profiles were read').length > 1 ? true : undefined,
    );
    writeFileSync(join(data, 'auth.json'), '{}');
    const run = await service.run();
    expect(run.outcome).not.toBe('succeeded');
    expect(await service.containers()).toEqual([]);
  });
});

describe('without an engine', () => {
  test('deliveries are accepted, and their runs wait until it is there', async () => {
    const dir = mkdtempSync(join(realpathSync(tmpdir()), 'gf-engine-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const socket = join(dir, 'docker.sock');
    const env = { DOCKER_HOST: `unix://${socket}` };
    service = await startService({ profiles: { 'hello/profile.json': shellProfile('true') }, env });
    const runId = (await service.comment()).decision?.runId ?? '';
    await until('the service says that the engine is not there', () =>
      service.log.some((line) => String(line.msg).startsWith('engine does not answer')) ? true : undefined,
    );
    expect(await service.app.runs.find(runId)).toMatchObject({ state: 'queued', attempt: 0 });
    symlinkSync((process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace('unix://', ''), socket);
    expect(await service.ended(runId)).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('a service that stops while an agent works', () => {
  test('leaves it in its container, and the next start takes it up without a gap or a double line', async () => {
    const command = 'for i in $(seq 1 60); do echo line $i; sleep 0.1; done';
    service = await startService({ profiles: { 'hello/profile.json': shellProfile(command) } });
    const delivery = await service.comment();
    const runId = delivery.decision?.runId ?? '';
    await until('some lines are there', () => {
      const file = join(service.config.varDir, 'log/runs', runId, '1/output.jsonl');
      return existsSync(file) && readFileSync(file, 'utf8').includes('line 5') ? true : undefined;
    });
    await service.stop(0);
    expect(await service.containers()).toHaveLength(1);
    await service.start();
    const run = await service.ended(runId);
    expect(run).toMatchObject({ outcome: 'succeeded', attempt: 1 });
    const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1}\n`).join('');
    expect(service.output(runId)).toBe(lines);
    expect(await service.containers()).toEqual([]);
  });

  test('and closes one that ended meanwhile with its real exit code', async () => {
    service = await startService({
      profiles: { 'hello/profile.json': shellProfile('sleep 2; echo last; exit 5') },
    });
    const delivery = await service.comment();
    const runId = delivery.decision?.runId ?? '';
    await until('the agent runs', async () =>
      (await service.app.runs.find(runId))?.state === 'running' ? true : undefined,
    );
    await service.stop(0);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await service.start();
    expect(await service.ended(runId)).toMatchObject({ outcome: 'failed', exitCode: 5, attempt: 1 });
    expect(service.output(runId)).toBe('last\n');
  });
});

describe('a service that is told to stop', () => {
  test('waits for a run that is nearly done, and accepts deliveries meanwhile', async () => {
    service = await startService({ profiles: { 'hello/profile.json': shellProfile('sleep 2; echo done') } });
    const runId = (await service.comment()).decision?.runId ?? '';
    await until('the agent runs', async () =>
      (await service.app.runs.find(runId))?.state === 'running' ? true : undefined,
    );
    const stopped = service.stop(30_000);
    expect((await service.deliver(commentPayload())).status).toBe(202);
    await stopped;
    expect(service.output(runId)).toBe('done\n');
    await service.start();
    expect(await service.app.runs.find(runId)).toMatchObject({ state: 'ended', outcome: 'succeeded' });
    await until('the delivery that came meanwhile is a run that ended', async () => {
      const runs = await service.app.runs.list(5);
      return runs.length === 2 && runs.every((run) => run.state === 'ended') ? true : undefined;
    });
  });
});
