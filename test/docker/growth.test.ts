import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';

let service: TestService;
afterEach(async () => await service.close());

async function start(command: string, runtime: Record<string, unknown>, env?: Record<string, string>) {
  const profiles = { 'hello/profile.json': shellProfile(command, { runtime }) };
  service = await startService({ profiles, ...(env ? { env } : {}) });
}

async function runOf(...args: Parameters<typeof start>): Promise<Run> {
  await start(...args);
  return await service.run();
}

const MIB = 'head -c 40000000 /dev/zero';

describe('what a run writes', () => {
  test('into its container’s own files ends it when it is too much', async () => {
    const run = await runOf(`${MIB} > /tmp/bomb; sleep 120`, { diskSize: '16m' });
    expect(run).toMatchObject({ outcome: 'failed', reason: { code: 'disk_limit' } });
    expect(run.reason?.message).toContain('16 MiB');
    expect(await service.containers()).toEqual([]);
  });

  test('into its workspace ends it when it is too much, by the configuration too', async () => {
    const command = `mkdir -p a/b; ${MIB} > a/b/-rf; ln -s / a/root; sleep 120`;
    const run = await runOf(command, {}, { RUN_WORKSPACE_BYTES: '16m' });
    expect(run).toMatchObject({ outcome: 'failed', reason: { code: 'workspace_limit' } });
    expect(await service.containers()).toEqual([]);
  });

  test('is counted as it lies on the disk, links not followed, and what was there before is not counted', async () => {
    const command = 'truncate -s 9G /workspace/sparse; ln -s /usr /workspace/usr; sleep 7; echo fine';
    await start(command, { workspaceSize: '16m', diskSize: '16m' });
    service.repository.commit({ 'large.bin': 'x'.repeat(20 * 1024 * 1024) });
    const run = await service.run();
    expect(run).toMatchObject({ outcome: 'succeeded' });
    expect(service.output(run.id)).toBe('fine\n');
  });

  test('in many empty files counts too, for each of them takes a part of the disk', async () => {
    const command =
      'i=0; while [ $i -lt 80 ]; do mkdir d$i; (cd d$i; seq 100 | xargs touch); i=$((i+1)); done; sleep 120';
    const run = await runOf(command, { workspaceSize: '16m' });
    expect(run).toMatchObject({ outcome: 'failed', reason: { code: 'workspace_limit' } });
  });

  test('counts from the same start for a service that took the run up', async () => {
    const command = `${MIB} > one; until [ -e go ]; do sleep 0.2; done; ${MIB} > two; sleep 120`;
    await start(command, { workspaceSize: '60m' });
    const runId = (await service.comment()).decision?.runId ?? '';
    const workspace = join(service.config.workspaceRoot, 'octo/hello', runId);
    await until('the first file is written', () =>
      existsSync(join(workspace, 'one')) && statSync(join(workspace, 'one')).size === 40_000_000
        ? true
        : undefined,
    );
    await service.stop(0);
    await service.start();
    writeFileSync(join(workspace, 'go'), '');
    expect(await service.ended(runId)).toMatchObject({ reason: { code: 'workspace_limit' } });
  });
});
