import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Run, TimelineEntry } from '../../src/runs/run.ts';
import { startScriptedAgent } from '../support/engine/scripted-agent.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';

let service: TestService;
afterEach(async () => await service.close());

const TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';

async function runOf(command: string, more: Record<string, unknown> = {}): Promise<Run> {
  const profiles = (dir: string) => ({
    'hello/profile.json': shellProfile(`cd repo; ${command}`, {
      runtime: {
        dockerArgs: ['--mount', `type=bind,src=${dir}/secrets/gh-token,dst=/run/secrets/gh-token,readonly`],
      },
      ...more,
    }),
  });
  const prepare = (dir: string): void => {
    mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, 'secrets/gh-token'), `${TOKEN}\n`, { mode: 0o600 });
  };
  service = await startService({ profiles, prepare });
  return await service.run();
}

async function entry(run: Run, kind: string): Promise<TimelineEntry | undefined> {
  return (await service.app.runs.timeline(run.id)).find((each) => each.kind === kind);
}

const logFile = (run: Run, name: string): string =>
  join(service.config.varDir, 'log/runs', run.id, '1', name);

function nothingIsLeft(): void {
  expect(existsSync(join(service.config.workspaceRoot, 'octo/hello'))).toBe(false);
  const quarantine = join(service.config.varDir, 'quarantine');
  expect(existsSync(quarantine) ? readdirSync(quarantine) : []).toEqual([]);
}

describe('what an agent commits', () => {
  test('is kept as a patch and a bundle when its workspace is gone', async () => {
    const run = await runOf(
      'echo more >> README.md; head -c 3000 /dev/urandom > blob.bin; git add -A; git commit -qm one; mkdir d; echo x > d/new; git add -A; git commit -qm two',
    );
    expect(run.outcome).toBe('succeeded');
    expect(await entry(run, 'changes_kept')).toMatchObject({
      text: 'The agent made 2 commits that change 3 files.',
      data: { commits: 2, files: 3, patch: logFile(run, 'changes.patch') },
    });
    nothingIsLeft();
    expect(await service.containers()).toEqual([]);
    const work = join(service.dir, 'operator');
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', work, ...args], {
        encoding: 'utf8',
        env: { ...process.env, GIT_CONFIG_NOSYSTEM: '1' },
      });
    execFileSync('git', ['clone', '--quiet', service.repository.path, work]);
    git('apply', '--index', logFile(run, 'changes.patch'));
    const applied = git('write-tree');
    git('fetch', '--quiet', logFile(run, 'changes.bundle'), `github-flows/${run.id}`);
    expect(git('rev-parse', 'FETCH_HEAD^{tree}')).toBe(applied);
    expect(git('log', '--format=%s', 'main..FETCH_HEAD')).toBe('two\none\n');
  });

  test('on another branch, by an agent that fails, is kept too', async () => {
    const run = await runOf('git checkout -qb fix; echo x > x; git add x; git commit -qm x; exit 3');
    expect(run.reason?.code).toBe('agent_failed');
    expect((await entry(run, 'changes_kept'))?.data).toMatchObject({ commits: 1, files: 1 });
  });

  test('nothing is kept, and no container is started, when it committed nothing', async () => {
    const run = await runOf('git status; echo draft > draft; git add draft; git stash -q; git tag x; true');
    expect(run.outcome).toBe('succeeded');
    expect(await entry(run, 'changes_kept')).toBeUndefined();
    expect(await entry(run, 'changes_not_kept')).toBeUndefined();
    expect(existsSync(logFile(run, 'changes.patch'))).toBe(false);
  });
});

describe('a value that an agent was handed', () => {
  test.each([
    ['in a file', 'cp /run/secrets/gh-token notes.txt', 'workspace/repo/notes.txt'],
    ['in base64 in .git', 'base64 /run/secrets/gh-token >> .git/config', 'workspace/repo/.git/config'],
    ['outside the clone', 'mkdir "../a\nb"; cp /run/secrets/gh-token "../a\nb/-rf"', 'workspace/a\\\\nb/-rf'],
    ['as a name', 'touch "$(cat /run/secrets/gh-token)"', 'workspace/repo/[masked]'],
    [
      'in a commit that was undone',
      'cp /run/secrets/gh-token t; git add t; git commit -qm t; git rm -q t; git commit -qm u',
      'commits',
    ],
  ])('%s is a loud event that does not show it', async (_where, command, file) => {
    const run = await runOf(command);
    expect(run.outcome).toBe('succeeded');
    const found = await entry(run, 'secret_found');
    expect(found?.data).toMatchObject({ code: 'secret_found', files: [file.replace('\\\\', '\\')] });
    const line = service.log.find(({ level, run: id }) => level === 'error' && id === run.id);
    expect(line).toMatchObject({ err: { code: 'secret_found' } });
    const said = JSON.stringify([
      service.log,
      await service.app.runs.timeline(run.id),
      service.output(run.id),
    ]);
    expect(said).not.toContain(TOKEN);
    nothingIsLeft();
  });

  test('is masked in the patch that is kept of its commits, of which no bundle is kept', async () => {
    const run = await runOf(
      'cp /run/secrets/gh-token t; echo >> t; (printf "a\\0"; cat t) > binary; echo work > work; git add .; git commit -qm t',
    );
    const kept = await entry(run, 'changes_kept');
    expect(kept?.text).toBe(
      'The agent made 1 commit that changes 3 files. A value that was granted to the run is in that, so only a masked patch is kept, without the contents of binary files.',
    );
    expect(kept?.data).toMatchObject({ patch: logFile(run, 'changes.patch'), bundle: null });
    const patch = readFileSync(logFile(run, 'changes.patch'), 'utf8');
    expect(patch).toContain('+[masked]');
    expect(patch).toContain('+work\n');
    expect(patch).toContain('Binary files /dev/null and b/binary differ\n');
    expect(existsSync(logFile(run, 'changes.bundle'))).toBe(false);
  });

  test('that goes over many lines of its commits is in nothing that is kept of them', async () => {
    const run = await runOf(
      'tr -d "\\n" < /run/secrets/gh-token | fold -w 5 > t; echo >> t; git add .; git commit -qm t',
    );
    expect((await entry(run, 'secret_found'))?.data).toMatchObject({ inChanges: true });
    expect((await entry(run, 'changes_kept'))?.data).toMatchObject({ commits: 1, bundle: null });
    const { patch } = (await entry(run, 'changes_kept'))?.data ?? {};
    const text = typeof patch === 'string' ? readFileSync(patch, 'utf8') : '';
    expect(text.replaceAll(/\n\+?/g, '')).not.toContain(TOKEN);
    expect(existsSync(logFile(run, 'changes.bundle'))).toBe(false);
  });

  test('that it did not leave raises no alarm, though git and gh used it', async () => {
    const run = await runOf(
      'cat /run/secrets/gh-token; cat /run/secrets/gh-token > /tmp/x; git fetch -q; true',
    );
    expect(await entry(run, 'secret_found')).toBeUndefined();
    expect(await entry(run, 'search_cut')).toBeUndefined();
    expect(readFileSync(logFile(run, 'output.jsonl'), 'utf8')).not.toContain(TOKEN);
  });
});

test('a service that was stopped meanwhile keeps the commits and finds the value all the same', async () => {
  service = await startScriptedAgent();
  const script = 'sleep 1; cp /run/secrets/gh-token t; git add t; git commit -qm t; sleep 1';
  const delivery = await service.comment(script);
  const runId = delivery.decision?.runId ?? '';
  await until('the agent runs', async () =>
    (await service.app.runs.find(runId))?.state === 'running' ? true : undefined,
  );
  await service.stop();
  await service.start();
  const run = await service.ended(runId);
  expect(run.outcome).toBe('succeeded');
  expect((await entry(run, 'changes_kept'))?.data).toMatchObject({ commits: 1, files: 1 });
  const files = (await entry(run, 'secret_found'))?.data.files as string[];
  expect(files.toSorted()).toEqual(['commits', 'workspace/repo/t']);
  nothingIsLeft();
});
