import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { shellProfile, startService } from '../../support/service/service.ts';

/** A service with one profile that mounts a directory, which is harmless until the profile is loaded. */
async function mounted(command: string, more: Record<string, unknown> = {}) {
  // Below the home, because every directory above must belong to trusted users alone.
  const dir = realpathSync(mkdtempSync(join(homedir(), '.gf-sources-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const data = join(dir, 'data');
  mkdirSync(join(data, 'app'), { recursive: true });
  writeFileSync(join(data, 'app/harmless'), '');
  const dockerArgs = ['--mount', `type=bind,src=${data},dst=/data,readonly`];
  const service = await startService({
    profiles: { 'hello/profile.json': shellProfile(command, { runtime: { dockerArgs, ...more } }) },
  });
  onTestFinished(service.close);
  return { data, service };
}

test('a secret or a socket that comes into a mounted directory after the profile was loaded keeps the run from starting', async () => {
  const { data, service } = await mounted('ls -a /data/app; ulimit -Sc; ulimit -Hc');
  const first = await service.run();
  expect(first.outcome).toBe('succeeded');
  expect(service.output(first.id)).toBe('.\n..\nharmless\n0\n0\n');
  writeFileSync(join(data, 'app/.env'), 'TOKEN=1');
  expect(await service.run()).toMatchObject({
    outcome: 'refused',
    reason: { code: 'mount_denied', message: expect.stringContaining(`it holds "${data}/app/.env"`) },
    startedAt: null,
  });
  rmSync(join(data, 'app/.env'));
  const server = createServer().listen(join(data, 'app/agent.sock'));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await service.run()).toMatchObject({
    outcome: 'refused',
    reason: { code: 'mount_denied', message: expect.stringContaining(`${data}/app/agent.sock`) },
    startedAt: null,
  });
  expect(await service.containers()).toEqual([]);
});
