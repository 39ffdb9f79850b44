import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type OwnEngine, startOwnEngine, TINY_IMAGE } from '../support/own-engine.ts';
import { shellProfile, startService } from '../support/service.ts';

const FIRST = 300_000;
const isRoot = process.getuid?.() === 0;

let engine: OwnEngine;
beforeAll(async () => {
  engine = await startOwnEngine('mapped', FIRST);
}, 120_000);
afterAll(async () => await engine?.remove());

test('on an engine that maps users a run owns its workspace, reads what it was handed, and writes as the mapped user', async () => {
  const profile = shellProfile(
    'id -u; cat repo/README.md; echo new > repo/new && echo written; cat /run/github-flows/run.json > /dev/null && echo read',
    {
      runtime: { image: TINY_IMAGE, setupScript: ': > set-up' },
    },
  );
  const service = await startService({
    profiles: { 'hello/profile.json': profile },
    env: {
      DOCKER_HOST: engine.host,
      NETWORK_DEFAULT: 'none',
      RUN_AS: isRoot ? '1000:1000' : '',
      KEEP_FAILED_HOURS: '1',
    },
  });
  onTestFinished(service.close);
  const run = await service.run();
  if (!isRoot) {
    expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'engine_maps_users' } });
    return;
  }
  expect(run.reason).toBeNull();
  expect(service.output(run.id)).toBe('1000\n# Hello\nwritten\nread\n');
  expect(existsSync(join(service.config.workspaceRoot, 'octo/hello', run.id))).toBe(false);
  expect(await service.containers()).toEqual([]);
});

test('what an agent writes there belongs to a user of the host that has nothing else', async () => {
  if (!isRoot) return;
  const profile = shellProfile('echo new > repo/new; exit 3', {
    runtime: { image: TINY_IMAGE },
  });
  const service = await startService({
    profiles: { 'hello/profile.json': profile },
    env: { DOCKER_HOST: engine.host, RUN_AS: '1000:1000', KEEP_FAILED_HOURS: '1' },
  });
  onTestFinished(service.close);
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'failed', exitCode: 3 });
  const workspace = join(service.config.workspaceRoot, 'octo/hello', run.id);
  expect(statSync(join(workspace, 'repo/new')).uid).toBe(FIRST + 1000);
  expect(statSync(join(workspace, 'repo/README.md')).uid).toBe(FIRST + 1000);
});
