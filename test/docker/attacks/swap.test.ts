import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startEngineProxy } from '../../support/engine/engine-proxy.ts';
import { shellProfile, startService } from '../../support/service/service.ts';

/**
 * Runs an agent that lists a mounted directory, which is swapped for a link to another one (or for that one itself)
 * when `swapAt` passes on its way to the engine.
 */
async function swapped(swapAt: string, by: 'link' | 'directory') {
  // Below the home, because every directory above must belong to trusted users alone.
  const dir = realpathSync(mkdtempSync(join(homedir(), '.gf-swap-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'data'));
  writeFileSync(join(dir, 'data/harmless'), '');
  mkdirSync(join(dir, 'private'));
  writeFileSync(join(dir, 'private/treasure'), '');
  const calls: string[] = [];
  const proxy = await startEngineProxy(dir, (moment, call) => {
    const name = `${moment} ${call.replace(/[0-9a-f]{64}/, 'ID')}`;
    calls.push(name);
    if (name !== swapAt) return;
    renameSync(join(dir, 'data'), join(dir, 'data.old'));
    if (by === 'link') symlinkSync(join(dir, 'private'), join(dir, 'data'));
    else renameSync(join(dir, 'private'), join(dir, 'data'));
  });
  onTestFinished(proxy.close);
  const mount = ['--mount', `type=bind,src=${join(dir, 'data')},dst=/data,readonly`];
  const service = await startService({
    env: { DOCKER_HOST: proxy.dockerHost },
    profiles: {
      'hello/profile.json': shellProfile('sleep 3; ls /data; sleep 60', { runtime: { dockerArgs: mount } }),
    },
  });
  onTestFinished(service.close);
  const run = await service.run();
  return { run, calls, containers: await service.containers() };
}

const CREATE = 'POST /containers/create';
const START = 'POST /containers/ID/start';

test.each([
  ['before the container is created', `before ${CREATE}`],
  ['between creation and start', `after ${CREATE}`],
])('a source that becomes a link %s is not mounted: the container never starts', async (_when, swapAt) => {
  const { run, calls, containers } = await swapped(swapAt, 'link');
  expect(run).toMatchObject({
    outcome: 'refused',
    reason: { code: 'mount_source_changed' },
    startedAt: null,
  });
  expect(calls).not.toContain(`before ${START}`);
  expect(containers).toEqual([]);
});

test.each(['link', 'directory'] as const)(
  'a source that becomes another %s after the last check, while the container starts, ends the run at once',
  async (by) => {
    const { run, calls, containers } = await swapped(`before ${START}`, by);
    expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'mount_source_changed' } });
    expect(calls).toContain(`after ${START}`);
    expect((run.endedAt ?? 0) - run.queuedAt).toBeLessThan(20_000);
    expect(containers).toEqual([]);
  },
);
