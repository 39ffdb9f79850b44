import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { runCommand } from '../support/service/cli.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';

let service: TestService;
let settings: Record<string, string>;
afterEach(async () => await service.close());

async function start(command: string, more: Record<string, unknown>, env: Record<string, string> = {}) {
  service = await startService({ profiles: { 'hello/profile.json': shellProfile(command, more) }, env });
  settings = { PATH: process.env.PATH ?? '', VAR_DIR: service.config.varDir };
}

async function command(...argv: string[]): Promise<string> {
  const { code, out, err } = await runCommand(service.dir, settings, ...argv);
  if (code !== 0) throw new Error(out + err);
  return out;
}

async function begin(): Promise<string> {
  return (await service.comment()).decision?.runId ?? '';
}

async function reached(id: string, holds: (run: Run) => boolean): Promise<Run> {
  return await until(`run ${id} is as wanted`, async () => {
    const run = await service.app.runs.find(id);
    return run && holds(run) ? run : undefined;
  });
}

/** Nothing listens there. */
const NO_GIT = { GITHUB_SERVER_URL: 'http://127.0.0.1:9' };

test('an error before the agent begins is tried again as the profile says, and told in the timeline', async () => {
  await start('echo never', { retry: { attempts: 2, backoffSec: 1 } }, NO_GIT);
  const run = await service.run();
  expect(run).toMatchObject({
    outcome: 'failed',
    attempt: 2,
    retries: 1,
    reason: { code: 'repository_unreachable' },
  });
  const lines = (await service.app.runs.timeline(run.id)).map(({ text }) => text);
  expect(lines.filter((text) => text.startsWith('Requeued: attempt 1 failed'))).toHaveLength(1);
  expect(await service.containers()).toEqual([]);
});

test('a run that waits for its next attempt ends at once when it is called off', async () => {
  await start('echo never', { retry: { attempts: 2, backoffSec: 3600 } }, NO_GIT);
  const id = await begin();
  await reached(id, ({ state, attempt }) => state === 'queued' && attempt === 1);
  await command('runs', 'cancel', id, '--reason', 'not any more');
  const run = await service.ended(id);
  expect(run).toMatchObject({ outcome: 'cancelled', attempt: 1, cancelReason: 'not any more' });
});

test('an agent’s own failure is tried again where the profile asks for it, in a workspace and with a log of its own', async () => {
  const script = 'echo "attempt $(ls /workspace)"; touch /workspace/left; exit 3';
  await start(script, { retry: { attempts: 2, backoffSec: 1, on: 'failure' } });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'failed', attempt: 2, exitCode: 3 });
  expect(await command('runs', 'logs', run.id)).toBe('attempt repo\n');
  expect(await command('runs', 'logs', run.id, '--attempt', '1')).toBe('attempt repo\n');
  const none = await runCommand(service.dir, settings, 'runs', 'logs', run.id, '--attempt', '9');
  expect([none.code, none.out]).toEqual([1, '']);
  expect(none.err).toMatch(/no attempt "9"; its attempts are 1 to 2\.\n.*\[attempt_unknown\]/s);
  const workspaces = join(service.config.workspaceRoot, 'octo/hello');
  expect([run.id, `${run.id}-2`].map((name) => existsSync(join(workspaces, name)))).toEqual([false, true]);
});

test('without that it is not; `runs retry` tries it once more, and refuses a run that lives', async () => {
  await start('echo "this is it"; [ "$(cat /workspace/repo/README.md)" = "# Better" ]', {});
  const failed = await service.run();
  expect(failed).toMatchObject({ outcome: 'failed', attempt: 1, reason: { code: 'agent_failed' } });
  service.repository.commit({ 'README.md': '# Better' });
  expect(JSON.parse(await command('runs', 'retry', failed.id, '--json'))).toMatchObject({ status: 'queued' });
  const again = await runCommand(service.dir, settings, 'runs', 'retry', failed.id);
  expect(again).toMatchObject({ code: 1, out: expect.stringContaining('has not ended yet') });
  const run = await service.ended(failed.id);
  expect(run).toMatchObject({ outcome: 'succeeded', attempt: 2, retries: 0, reason: null, exitCode: 0 });
  expect(await command('runs', 'logs', run.id)).toBe('this is it\n');
});

test('a cancel that another process asks for reaches an agent that ignores SIGTERM within the grace and a second', async () => {
  await start('trap "" TERM; echo begun; while :; do sleep 0.1; done', {}, { RUN_GRACE_SEC: '2' });
  const id = await begin();
  await until('it prints', () => (service.output(id).includes('begun') ? true : undefined));
  const other = await runCommand(service.dir, settings, 'runs', 'cancel', id);
  const from = performance.now();
  expect(other.out).toContain('is being cancelled');
  await until('no container is left', async () =>
    (await service.containers()).length === 0 ? true : undefined,
  );
  const seconds = (performance.now() - from) / 1000;
  process.stdout.write(
    `cancelled, until the container was gone: ${seconds.toFixed(2)} s, with a grace of 2 s\n`,
  );
  // The grace, a second, and what a busy machine adds.
  expect(seconds).toBeLessThan(9);
  expect(await service.ended(id)).toMatchObject({ outcome: 'cancelled' });
});
