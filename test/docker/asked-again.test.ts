import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

let github: GitHubApi;
let service: TestService;

beforeEach(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  github.permissions.set('octocat', { permission: 'write', role_name: 'write' });
});

afterEach(async () => {
  await service.close();
  await github.close();
});

const COMMIT = 'echo b >> README.md; git commit -qam one-line';

/** A service whose agent says that it began, works some seconds and commits, for people with write permission. */
async function serve(work: string, more: Record<string, unknown> = {}): Promise<void> {
  service = await startService({
    profiles: {
      'hello/profile.json': shellProfile(`cd repo; ${work}`, {
        allow: { permission: 'write' },
        report: { reaction: false, comment: 'always' },
        ...more,
      }),
    },
    env: { GITHUB_API_URL: github.url, MAX_CONCURRENT_RUNS: '1' },
    prepare: (dir) => {
      github.git.root = join(dir, 'git');
    },
  });
  writeFileSync(join(service.config.secretsDir, 'gh-token'), 'ghp_0123456789abcdefghijklmnopqrstuvwxyz\n', {
    mode: 0o600,
  });
}

async function begun(runId: string): Promise<void> {
  await until('the agent has begun', () => service.output(runId).includes('start') || undefined);
}

async function start(): Promise<string> {
  return String((await service.comment()).decision?.runId ?? undefined);
}

const told = (run: Run): string => github.comments.find(({ body }) => body.includes(run.id))?.body ?? '';

const branches = (): string[] =>
  service.repository.git('for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n');

describe('a run that waits for its turn', () => {
  test.each<[string, (comment: number) => void, string, string]>([
    [
      'whose starter lost the right',
      () => github.permissions.set('octocat', { permission: 'none', role_name: 'none' }),
      'refused',
      'permission_lost',
    ],
    ['whose issue was closed', () => github.closed.add(7), 'cancelled', 'thread_closed'],
    [
      'whose comment was deleted',
      (comment) => github.deletedComments.add(comment),
      'cancelled',
      'comment_deleted',
    ],
  ])('%s is not started, and that is said', async (_name, change, outcome, code) => {
    await serve(`echo start; sleep 4; ${COMMIT}`);
    const first = await start();
    await begun(first);
    const payload = commentPayload();
    const { id } = await service.deliver(payload);
    const second = await until(
      'it waits',
      async () => (await service.app.deliveries.find(id))?.decision?.runId ?? undefined,
    );
    change((payload.comment as { id: number }).id);
    const run = await service.ended(second);
    expect(run).toMatchObject({ outcome, reason: { code }, startedAt: null });
    expect(service.output(second)).toBe('');
    await until('it is said', () => told(run).includes(code) || undefined);
  });
});

describe('what an agent commits while', () => {
  test.each([
    ['pull-request', 'shown'],
    ['pull-request', 'hidden'],
    ['pull-request-branch', 'shown'],
    ['patch', 'shown'],
  ])(
    'its pull request is closed is kept, told and not published as %s, where the thread is %s',
    async (as, thread) => {
      await serve(`echo start; sleep 2; ${COMMIT}`, {
        publish: { as },
        checkout: { from: 'pull-request-head' },
      });
      service.repository.git('update-ref', 'refs/heads/pr', 'refs/heads/main');
      const sha = service.repository.commit({ x: 'x' }, { ref: 'refs/heads/pr' });
      service.repository.git('update-ref', 'refs/pull/7/head', sha);
      const none = { labels: [], assignees: [], reviewers: [] };
      const head = { ref: 'pr', sha, repository: 'octo/hello' };
      github.pulls.push({
        number: 7,
        title: 'x',
        body: '',
        draft: false,
        state: 'open',
        head,
        base: 'main',
        ...none,
      });
      const payload = commentPayload() as { issue: object };
      const { id } = await service.deliver({ ...payload, issue: { ...payload.issue, pull_request: {} } });
      const runId = await until(
        'it runs',
        async () => (await service.app.deliveries.find(id))?.decision?.runId ?? undefined,
      );
      await begun(runId);
      const [pull] = github.pulls;
      if (pull) pull.state = 'closed';
      if (thread === 'hidden') github.misbehaveAt(/^GET .*\/issues\/7$/, { status: 404 }, 99);
      service.repository.git('update-ref', '-d', 'refs/heads/pr');
      const before = branches();
      const run = await service.ended(runId);
      await until('it is said', () => told(run).includes('was closed meanwhile') || undefined);
      const refused = (await service.app.runs.timeline(runId)).find(({ kind }) => kind === 'publish_refused');
      expect(refused?.data).toMatchObject({ codes: 'publish_thread_closed' });
      expect([branches(), github.pulls.length, github.comments.length]).toEqual([before, 1, 1]);
    },
  );

  test.each<[string, Record<string, unknown>, boolean]>([
    ['who has the permission is published', { permission: 'write' }, true],
    ['whom the profile names by number is published', { actors: ['octocat#583231'] }, true],
    ['whom the profile names by the old login is kept and told', { actors: ['octocat'] }, false],
  ])(
    'the login of its starter changes, and somebody else takes the old one: that of one %s',
    async (_whom, allow, isPublished) => {
      github.permissions.set('octocat', { permission: 'write', role_name: 'write', id: 583231 });
      await serve(`echo start; sleep 2; ${COMMIT}`, { publish: {}, allow });
      const runId = await start();
      await begun(runId);
      github.users.set(583231, 'octodog').set(99, 'octocat');
      github.permissions
        .set('octodog', { permission: 'write', role_name: 'write', id: 583231 })
        .set('octocat', { permission: 'read', role_name: 'read', id: 99 });
      const run = await service.ended(runId);
      expect(run).toMatchObject({ outcome: 'succeeded', actor: 'octocat', actorId: 583231 });
      const word = isPublished ? 'Opened pull request #100' : 'octocat could start this run';
      await until('it is said', () => told(run).includes(word) || undefined);
      expect([branches().length, github.pulls.length]).toEqual(isPublished ? [2, 1] : [1, 0]);
    },
  );

  test('a delivery says that the issue is closed is not published, though the API still says open', async () => {
    await serve(`echo start; sleep 2; ${COMMIT}`, { publish: {} });
    const runId = await start();
    await begun(runId);
    const { comment: _, ...payload } = commentPayload() as { issue: object; comment: object };
    await service.deliver(
      { ...payload, action: 'closed', issue: { ...payload.issue, state: 'closed' } },
      { event: 'issues' },
    );
    const run = await service.ended(runId);
    await until('it is said', () => told(run).includes('was closed meanwhile') || undefined);
    expect([branches(), github.pulls]).toEqual([['main'], []]);
  });

  test('the right is lost is not published, and neither is another attempt made', async () => {
    await serve(`echo start; sleep 2; ${COMMIT}; exit 3`, {
      publish: {},
      retry: { attempts: 2, backoffSec: 1, on: 'failure' },
    });
    const runId = await start();
    await begun(runId);
    github.permissions.set('octocat', { permission: 'read', role_name: 'read' });
    const run = await service.ended(runId);
    expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'permission_lost' } });
    expect([branches(), github.pulls]).toEqual([['main'], []]);
  });

  test('the right is lost after its last attempt is kept and told', async () => {
    await serve(`echo start; sleep 2; ${COMMIT}`, { publish: {} });
    const runId = await start();
    await begun(runId);
    github.permissions.delete('octocat');
    const run = await service.ended(runId);
    expect(run.outcome).toBe('succeeded');
    await until('it is said', () => told(run).includes('cannot now') || undefined);
    expect([branches(), github.pulls]).toEqual([['main'], []]);
  });
});
