import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { lastBranches } from '../../src/flow/collect/branches-of-run.ts';
import { knownCommits } from '../../src/publish/push/plan.ts';
import type { Run } from '../../src/runs/run.ts';
import { apartStore } from '../../src/workspaces/mirrors/apart.ts';
import { makeRepository } from '../support/git/repository.ts';
import { profileOf } from '../support/github/flow-events.ts';

test('of a run on a fork’s commits the branches are the repository’s own, also while the server is silent', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gf-branches-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const repository = makeRepository(dir, 'octo', 'hello');
  const commit = repository.commit({ 'README.md': '# Hello\n' });
  const store = apartStore(repository.path, 'pull-5');
  mkdirSync(store, { recursive: true });
  const branches = await lastBranches(
    {
      mirrors: { branches: () => Promise.reject(new Error('nobody listens')) },
      mountHost: { secretsDir: dir },
      log: pino({ level: 'silent' }),
    },
    {
      run: { id: 'r', repository: 'octo/hello', repositoryId: 7 } as Run,
      profile: profileOf('p', {}),
      mirror: store,
    },
  );
  expect([...branches.values()]).toEqual([commit]);
});

test('what lies on a branch of a merge queue alone is new', () => {
  const branches = new Map([
    ['main', 'a'],
    ['gh-readonly-queue/main/pr-5-0123', 'f'],
  ]);
  expect(knownCommits({ as: 'pull-request', base: 'f' }, branches)).toEqual(['a']);
  expect(knownCommits({ as: 'patch', base: 'f' }, branches)).toEqual(['f', 'a']);
});
