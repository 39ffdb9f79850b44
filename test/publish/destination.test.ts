import { describe, expect, test } from 'vitest';
import { createGitHubClient } from '../../src/github/client.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { findDestination } from '../../src/publish/push/destination.ts';
import type { DestinationRequest } from '../../src/publish/push/plan.ts';
import { createRemotes } from '../../src/workspaces/remote.ts';
import { makeMirrorLab } from '../support/git/mirror-lab.ts';
import { startGitHubApi } from '../support/github/api.ts';

const log = createLogger({ level: 'silent', redactor: createRedactor() });

/** A repository on a git server and at GitHub, and where commits would go in it. */
async function makeLab() {
  const [lab, github] = await Promise.all([makeMirrorLab(), startGitHubApi()]);
  const { origin } = lab;
  github.repositories.add('owner/repository');
  github.git.root = lab.served;
  const base = origin.commit({ 'a.txt': '1' });
  const remoteOf = createRemotes({
    serverUrl: lab.server.url,
    credentialEnv: async () => ({}),
    hostEnv: {},
    cwd: lab.dir,
    stallSec: 5,
    mask: (text) => text,
  });
  const client = createGitHubClient({ apiUrl: github.url, token: async () => 'a-token', log });
  const parts = {
    client,
    remote: remoteOf({ id: 7, owner: 'owner', name: 'repository' }),
    pushedTo: async () => new Set<string>(),
  };
  const whole: DestinationRequest = {
    as: 'pull-request',
    owner: 'owner',
    repository: 'repository',
    number: 7,
    branch: 'work/1',
    into: 'main',
    isDefault: true,
    base,
    commit: 'c'.repeat(40),
  };
  const go = async (wish: Partial<DestinationRequest> = {}) => {
    const found = await findDestination(parts, { ...whole, ...wish }, new AbortController().signal);
    return 'refused' in found ? found.refused[0] : found;
  };
  const pull = (ref: string, more: object = {}): void =>
    void github.pulls.push({
      ...{ number: 7, title: '', body: '', draft: false, state: 'open', base: 'main' },
      head: { ref, sha: base, repository: 'owner/repository' },
      ...{ labels: [], assignees: [], reviewers: [] },
      ...more,
    });
  return { origin, github, base, go, pull };
}

describe('the target is looked up again before the push', () => {
  test('a default branch that was renamed meanwhile is followed', async () => {
    const { origin, go } = await makeLab();
    expect(await go()).toMatchObject({ branch: 'work/1', into: 'main' });
    origin.git('branch', '-m', 'main', 'trunk');
    origin.git('symbolic-ref', 'HEAD', 'refs/heads/trunk');
    expect(await go()).toMatchObject({ branch: 'work/1', into: 'trunk' });
  });

  test('another branch that was renamed is refused with its new name, and one that is gone without', async () => {
    const { origin, github, go } = await makeLab();
    origin.git('branch', 'release-2', 'main');
    github.branches.renamed.set('release', 'release-2');
    expect(await go({ into: 'release', isDefault: false })).toMatchObject({
      code: 'publish_target_gone',
      message: expect.stringContaining('it is called release-2'),
      hint: expect.stringContaining('release-2'),
    });
    expect(await go({ into: 'gone', isDefault: false })).toMatchObject({ code: 'publish_target_gone' });
  });

  test('a tag and a branch of a merge queue are no branches', async () => {
    const { origin, go } = await makeLab();
    origin.git('tag', 'v1', 'main');
    origin.git('branch', 'gh-readonly-queue/main/pr-7', 'main');
    for (const into of ['v1', 'gh-readonly-queue/main/pr-7'])
      expect(await go({ into, isDefault: false }), into).toMatchObject({ code: 'publish_target_gone' });
  });

  test('a branch above the one to be made, or below it, is in its way', async () => {
    const { origin, go } = await makeLab();
    origin.git('branch', 'work', 'main');
    expect(await go()).toMatchObject({ code: 'publish_branch_in_the_way' });
    expect(await go({ branch: 'work-1/a' })).toMatchObject({ branch: 'work-1/a' });
    origin.git('branch', 'other/1/deep/er', 'main');
    expect(await go({ branch: 'other/1' })).toMatchObject({
      code: 'publish_branch_in_the_way',
      message: expect.stringContaining('other/1/deep/er'),
    });
  });
});

describe('the branch of a pull request itself', () => {
  const own = { as: 'pull-request-branch', into: null, isDefault: false } as const;

  test('the branch of a pull request itself is pushed to when nothing protects it', async () => {
    const { origin, go, pull } = await makeLab();
    origin.git('branch', 'feat/x', 'main');
    pull('feat/x');
    expect(await go(own)).toMatchObject({ branch: 'feat/x', into: 'main' });
  });

  test('the branch of a pull request itself is left alone when it is protected, or the default branch', async () => {
    const { origin, github, go, pull } = await makeLab();
    origin.git('branch', 'feat/x', 'main');
    github.branches.protected.add('feat/x');
    pull('feat/x');
    expect(await go(own)).toMatchObject({ code: 'publish_branch_protected' });
    github.pulls.length = 0;
    pull('master');
    expect(await go(own)).toMatchObject({
      code: 'publish_branch_protected',
      message: expect.stringContaining('default branch'),
    });
  });
});
