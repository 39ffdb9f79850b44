import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import {
  commentPayload,
  onIssues,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

let github: GitHubApi;
let service: TestService;

const COMMIT = 'cd repo; echo b >> README.md; git commit -qam one-line';

/** The pull requests whose comments start runs that publish like this. */
const PULLS = { 'pull-request': [21, 22], 'pull-request-branch': [23], patch: [24] };

/** Profiles whose agent says that it began and works some seconds, for people with write permission. */
function makeProfiles(): Record<string, unknown> {
  const profile = (issues: number | number[], work: string, more: Record<string, unknown> = {}): unknown =>
    onIssues(
      issues,
      shellProfile(`echo start; ${work}`, {
        allow: { permission: 'write' },
        report: { reaction: false, comment: 'always' },
        ...more,
      }),
    );
  const publishing = (issues: number | number[], more: Record<string, unknown> = {}): unknown =>
    profile(issues, `sleep 2; ${COMMIT}`, { publish: {}, ...more });
  const ofPulls = Object.entries(PULLS).map(([as, numbers]) => [
    `${as}/profile.json`,
    publishing(numbers, { publish: { as }, checkout: { from: 'pull-request-head' } }),
  ]);
  return {
    ...Object.fromEntries(ofPulls),
    'waiting/profile.json': profile([11, 12, 13, 14], 'sleep 4'),
    'plain/profile.json': publishing([31, 34, 36]),
    'number/profile.json': publishing(32, { allow: { actors: ['second#9002'] } }),
    'login/profile.json': publishing(33, { allow: { actors: ['third'] } }),
    'retried/profile.json': profile(35, `sleep 2; ${COMMIT}; exit 3`, {
      publish: {},
      retry: { attempts: 2, backoffSec: 1, on: 'failure' },
    }),
  };
}

beforeAll(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  service = await startService({
    profiles: makeProfiles(),
    env: { GITHUB_API_URL: github.url, MAX_CONCURRENT_RUNS: '1' },
    prepare: (dir) => {
      github.git.root = join(dir, 'git');
    },
  });
  writeFileSync(join(service.config.secretsDir, 'gh-token'), 'ghp_0123456789abcdefghijklmnopqrstuvwxyz\n', {
    mode: 0o600,
  });
});

beforeEach(() => {
  for (const login of ['octocat', 'first', 'second', 'third', 'fourth'])
    github.permissions.set(login, { permission: 'write', role_name: 'write' });
});

afterAll(async () => {
  await service.close();
  await github.close();
});

async function begun(runId: string): Promise<void> {
  await until('the agent has begun', () => service.output(runId).includes('start') || undefined);
}

async function start(issueNumber: number, over: { login?: string; userId?: number } = {}): Promise<string> {
  return String((await service.comment(undefined, { issueNumber, ...over })).decision?.runId);
}

const toldAll = (run: Run): string[] =>
  github.comments.map(({ body }) => body).filter((body) => body.includes(run.id));
const told = (run: Run): string => toldAll(run)[0] ?? '';

/** Every branch with its commit, and how many pull requests there are. */
const published = (): { branches: string; pulls: number } => ({
  branches: service.repository.git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads'),
  pulls: github.pulls.length,
});

test('a run that waits for its turn is not started, and that is said, when its starter lost the right, its issue was closed or its comment deleted', async () => {
  await begun(await start(11));
  const comment = commentPayload(undefined, { issueNumber: 14 });
  const { id } = await service.deliver(comment);
  const waiting = {
    permission_lost: await start(12, { login: 'fourth' }),
    thread_closed: await start(13),
    comment_deleted: await until(
      'it waits',
      async () => (await service.app.deliveries.find(id))?.decision?.runId ?? undefined,
    ),
  };
  github.permissions.set('fourth', { permission: 'none', role_name: 'none' });
  github.closed.add(13);
  github.deletedComments.add((comment.comment as { id: number }).id);
  for (const [code, runId] of Object.entries(waiting)) {
    const run = await service.ended(runId);
    const outcome = code === 'permission_lost' ? 'refused' : 'cancelled';
    expect(run).toMatchObject({ outcome, reason: { code }, startedAt: null });
    expect(service.output(runId)).toBe('');
    await until('it is said', () => told(run).includes(code) || undefined);
  }
});

describe('what an agent commits while', () => {
  test.each([
    ['pull-request', 21, 'shown'],
    ['pull-request', 22, 'hidden'],
    ['pull-request-branch', 23, 'shown'],
    ['patch', 24, 'shown'],
  ])(
    'its pull request is closed is kept, told and not published as %s (#%i), where the thread is %s',
    async (_as, number, thread) => {
      const ref = `pr-${number}`;
      service.repository.git('update-ref', `refs/heads/${ref}`, 'refs/heads/main');
      const sha = service.repository.commit({ x: 'x' }, { ref: `refs/heads/${ref}` });
      service.repository.git('update-ref', `refs/pull/${number}/head`, sha);
      const none = { labels: [], assignees: [], reviewers: [] };
      const head = { ref, sha, repository: 'octo/hello' };
      const pull = { number, title: 'x', body: '', draft: false, state: 'open' as const, head, base: 'main' };
      github.pulls.push({ ...pull, ...none });
      const { decision } = await service.comment(undefined, { issueNumber: number, isPullRequest: true });
      const runId = decision?.runId ?? '';
      await begun(runId);
      const known = github.pulls.at(-1);
      if (known) known.state = 'closed';
      if (thread === 'hidden')
        github.misbehaveAt(new RegExp(`^GET .*/issues/${number}$`), { status: 404 }, 99);
      service.repository.git('update-ref', '-d', `refs/heads/${ref}`);
      const before = published();
      const run = await service.ended(runId);
      await until('it is said', () => told(run).includes('was closed meanwhile') || undefined);
      const refused = (await service.app.runs.timeline(runId)).find(({ kind }) => kind === 'publish_refused');
      expect(refused?.data).toMatchObject({ codes: 'publish_thread_closed' });
      expect(published()).toEqual(before);
      expect(toldAll(run)).toHaveLength(1);
    },
  );

  test.each<[string, { issue: number; login: string; userId: number; isPublished: boolean }]>([
    ['who has the permission is published', { issue: 31, login: 'first', userId: 9001, isPublished: true }],
    [
      'whom the profile names by number is published',
      { issue: 32, login: 'second', userId: 9002, isPublished: true },
    ],
    [
      'whom the profile names by the old login is kept and told',
      { issue: 33, login: 'third', userId: 9003, isPublished: false },
    ],
  ])(
    'the login of its starter changes, and somebody else takes the old one: that of one %s',
    async (_whom, { issue, login, userId, isPublished }) => {
      github.permissions.set(login, { permission: 'write', role_name: 'write', id: userId });
      const runId = await start(issue, { login, userId });
      await begun(runId);
      github.users.set(userId, `${login}-renamed`).set(99, login);
      github.permissions
        .set(`${login}-renamed`, { permission: 'write', role_name: 'write', id: userId })
        .set(login, { permission: 'read', role_name: 'read', id: 99 });
      const before = published();
      const run = await service.ended(runId);
      expect(run).toMatchObject({ outcome: 'succeeded', actor: login, actorId: userId });
      const word = isPublished ? /Opened pull request #\d+/ : new RegExp(`${login} could start this run`);
      await until('it is said', () => word.test(told(run)) || undefined);
      if (!isPublished) return expect(published()).toEqual(before);
      expect(github.pulls).toHaveLength(before.pulls + 1);
      expect(published().branches.split('\n')).toHaveLength(before.branches.split('\n').length + 1);
    },
  );

  test('a delivery says that the issue is closed is not published, though the API still says open', async () => {
    const runId = await start(34);
    await begun(runId);
    const { comment: _, ...payload } = commentPayload(undefined, { issueNumber: 34 }) as {
      issue: object;
      comment: object;
    };
    const before = published();
    await service.deliver(
      { ...payload, action: 'closed', issue: { ...payload.issue, state: 'closed' } },
      { event: 'issues' },
    );
    const run = await service.ended(runId);
    await until('it is said', () => told(run).includes('was closed meanwhile') || undefined);
    expect(published()).toEqual(before);
  });

  test('the right is lost is not published, and neither is another attempt made', async () => {
    const runId = await start(35);
    await begun(runId);
    github.permissions.set('octocat', { permission: 'read', role_name: 'read' });
    const before = published();
    const run = await service.ended(runId);
    expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'permission_lost' } });
    expect(published()).toEqual(before);
  });

  test('the right is lost after its last attempt is kept and told', async () => {
    const runId = await start(36);
    await begun(runId);
    github.permissions.delete('octocat');
    const before = published();
    const run = await service.ended(runId);
    expect(run.outcome).toBe('succeeded');
    await until('it is said', () => told(run).includes('cannot now') || undefined);
    expect(published()).toEqual(before);
  });
});
