import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forgeOf } from '../support/git/hostile-repository.ts';
import { shellProfile, startService, type TestService } from '../support/service/service.ts';

async function serviceWith(env: Record<string, string>): Promise<TestService> {
  const service = await startService({ profiles: { 'profile.json': shellProfile('echo ran') }, env });
  onTestFinished(async () => await service.close());
  return service;
}

/** Nothing of a run that was ended before its agent started is left: no container, no workspace, no files. */
async function expectNothingLeft(service: TestService, runId: string): Promise<void> {
  const { workspaceRoot, runDir, varDir } = service.config;
  expect(await service.containers()).toEqual([]);
  expect(existsSync(join(workspaceRoot, 'octo/hello', runId, 'repo'))).toBe(false);
  for (const home of [runDir, join(varDir, 'run-files')])
    expect(existsSync(home) ? readdirSync(home, { recursive: true }).join(' ') : '').not.toContain(runId);
}

/** A git server that never says anything, and how many connections it has. */
async function silentServer(): Promise<{ url: string; open: () => number }> {
  let open = 0;
  const server = createServer(() => undefined);
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open: () => open };
}

test('a run that is not ready in time fails, and nothing of it is left, also no git', async () => {
  const { url, open } = await silentServer();
  const service = await serviceWith({ GITHUB_SERVER_URL: url, PREPARE_TIMEOUT_SEC: '2' });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'failed', reason: { code: 'prepare_timed_out' } });
  await expectNothingLeft(service, run.id);
  await expect.poll(open, { timeout: 10_000 }).toBe(0);
});

test('a run that takes the disk below its floor while it is prepared is refused, and the words say which disk', async () => {
  const { url, open } = await silentServer();
  const service = await serviceWith({ GITHUB_SERVER_URL: url, MIN_FREE_TO_PREPARE: '900t' });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'prepare_disk_low' } });
  expect(run.reason?.message).toContain('VAR_DIR');
  await expectNothingLeft(service, run.id);
  await expect.poll(open, { timeout: 10_000 }).toBe(0);
});

test('a tree of ten billion files is refused before one is made, and the next run works', async () => {
  const service = await serviceWith({});
  const forge = forgeOf(service.repository.path);
  const good = service.repository.git('rev-parse', 'main');
  const bomb = forge.commit(forge.nest(forge.tree([{ mode: '100644', name: 'f', id: forge.blob('') }]), 10), [
    good,
  ]);
  service.repository.git('update-ref', 'refs/heads/main', bomb);
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'checkout_too_large' } });
  await expectNothingLeft(service, run.id);
  service.repository.git('update-ref', 'refs/heads/main', good);
  expect(await service.run()).toMatchObject({ outcome: 'succeeded' });
});

test('a repository of SHA-256 is refused at once, and not tried again', async () => {
  const service = await startService({
    profiles: {
      'profile.json': shellProfile('echo ran', { retry: { attempts: 3, backoffSec: 1, on: 'fault' } }),
    },
  });
  onTestFinished(async () => await service.close());
  const path = service.repository.path;
  execFileSync('rm', ['-rf', path]);
  mkdirSync(path);
  execFileSync('git', ['init', '-q', '--bare', '--object-format=sha256', '-b', 'main', path]);
  const tree = execFileSync('git', ['-C', path, 'mktree'], { input: '', encoding: 'utf8' }).trim();
  const person = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
  const commit = execFileSync('git', ['-C', path, ...person, 'commit-tree', '-m', 'x', tree], {
    encoding: 'utf8',
  });
  execFileSync('git', ['-C', path, 'update-ref', 'refs/heads/main', commit.trim()]);
  const run = await service.run();
  expect(run).toMatchObject({
    outcome: 'refused',
    attempt: 1,
    reason: { code: 'repository_sha256_unsupported' },
  });
});

test('the timeline says how many files are pointers of Git LFS', async () => {
  const service = await serviceWith({});
  const pointer = (digit: string): string =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize 12345\n`;
  service.repository.commit({
    '.gitattributes': '*.png filter=lfs diff=lfs merge=lfs -text\n',
    'a.png': pointer('a'),
    'same/a.png': pointer('a'),
    'b.png': pointer('b'),
    'about.md': `${'Files of Git LFS begin with “version https://git-lfs.github.com/spec/v1”. '.repeat(3)}\n`,
  });
  const run = await service.run();
  expect(run.outcome).toBe('succeeded');
  const timeline = await service.app.runs.timeline(run.id);
  expect(timeline.find(({ kind }) => kind === 'lfs_pointers')).toMatchObject({
    text: expect.stringContaining('3 files of the checkout are Git LFS pointers'),
    data: { files: 3 },
  });
});
