import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

const TOKEN = 'github_pat_11EXAMPLE0123456789abcdefghijklmnopqrstuvwxyz';

let service: TestService;
let github: GitHubApi;
beforeEach(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
});
afterEach(async () => {
  await service.close();
  await github.close();
});

async function start(
  command: string,
  more: Record<string, unknown> = {},
  token: string | null = TOKEN,
  env: Record<string, string> = {},
): Promise<void> {
  service = await startService({
    profiles: {
      'hello/profile.json': shellProfile(command, { allow: undefined, report: undefined, ...more }),
    },
    env: { GITHUB_API_URL: github.url, ...env },
    prepare(dir) {
      mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
      if (token !== null) writeFileSync(join(dir, 'secrets/gh-token'), token, { mode: 0o600 });
    },
  });
}

async function decided(login: string, type = 'User') {
  const { id } = await service.deliver(commentPayload('please', { login, type }));
  return await until(
    'the delivery was decided',
    async () => (await service.app.deliveries.find(id))?.decision ?? undefined,
  );
}

describe('who may start a run', () => {
  test('whoever has write permission or more, and nobody while GitHub does not answer rightly', async () => {
    const report = { reaction: false, comment: 'never' };
    await start('true', { report }, TOKEN, { MAX_CONCURRENT_RUNS: '0' });
    const roles = {
      admin: 'run_queued',
      maintain: 'run_queued',
      write: 'run_queued',
      triage: 'permission_too_low',
      read: 'permission_too_low',
      none: 'permission_too_low',
    };
    const issues = {
      'server-error': { status: 500 },
      refusal: { status: 403 },
      'unknown-token': { status: 401 },
      cut: 'cut',
      page: 'page',
    } as const;
    for (const role of Object.keys(roles)) {
      const permission = { maintain: 'write', triage: 'read' }[role] ?? role;
      if (role !== 'none') github.permissions.set(role, { permission, role_name: role });
    }
    for (const [login, how] of Object.entries(issues)) {
      github.permissions.set(login, { permission: 'admin', role_name: 'admin' });
      github.misbehaveAt(new RegExp(`/${login}\\b`), how, 20);
    }
    const logins = [...Object.keys(roles), ...Object.keys(issues)];
    const found = await Promise.all(
      logins.map(async (login) => {
        const { reason, profile, runId } = await decided(login);
        expect({ login, profile, isQueued: runId !== null }).toEqual({
          login,
          profile: 'hello',
          isQueued: reason === 'run_queued',
        });
        return [login, reason];
      }),
    );
    const unknown = Object.keys(issues).map((login) => [login, 'permission_unknown']);
    expect(Object.fromEntries(found)).toEqual({ ...roles, ...Object.fromEntries(unknown) });
    // What GitHub answered about one is not held against another.
    github.permissions.set('late', { permission: 'admin', role_name: 'admin' });
    expect(await decided('late')).toMatchObject({ reason: 'run_queued' });
  });

  test('nobody when there is no token to ask with, and the reason says how to fix it', async () => {
    await start('true', {}, null, { MAX_CONCURRENT_RUNS: '0' });
    const decision = await decided('someone');
    expect(decision).toMatchObject({ reason: 'permission_unknown', runId: null });
    expect(decision.message).toContain('gh-token');
    expect(github.requests).toEqual([]);
  });

  test('actors that a profile names, without asking GitHub; no bot but by its exact login', async () => {
    const allow = { actors: ['Someone'], bots: ['helper[bot]'] };
    await start('true', { allow, report: { reaction: false, comment: 'never' } }, TOKEN, {
      MAX_CONCURRENT_RUNS: '0',
    });
    expect(await decided('someone')).toMatchObject({ reason: 'run_queued' });
    expect(await decided('other')).toMatchObject({ reason: 'actor_not_allowed' });
    expect(await decided('helper[bot]', 'Bot')).toMatchObject({ reason: 'run_queued' });
    expect(await decided('evil[bot]', 'Bot')).toMatchObject({ reason: 'bot_not_allowed' });
    expect(github.requests.filter(({ path }) => /permission|members|collaborators/.test(path))).toEqual([]);
  });
});

describe('what is said on GitHub', () => {
  const allow = { permission: 'any' };

  test('eyes on the comment, and one comment when the run failed, which starts no run itself', async () => {
    await start('exit 3', { allow });
    const run = await service.run();
    await until('the comment is there', () => github.comments[0]);
    expect(github.reactions).toMatchObject([{ content: 'eyes' }]);
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.number).toBe(7);
    expect(github.comments[0]?.body).toContain('exit code 3');
    expect(github.comments[0]?.body).toContain(run.id);
    expect(github.requests.every(({ authorization }) => authorization?.endsWith(TOKEN))).toBe(true);
    // Our own comment starts no run.
    const { decision } = await service.comment(github.comments[0]?.body);
    expect(decision).toMatchObject({ reason: 'own_comment', runId: null });
  });

  test('nothing but eyes when the run succeeded', async () => {
    await start('true', { allow });
    await service.run();
    expect(github.comments).toEqual([]);
    expect(github.reactions).toHaveLength(1);
  });

  test('later, when GitHub fails at first, and the run has ended all the same', async () => {
    await start('exit 3', { allow, report: { reaction: false } });
    github.misbehave({ status: 502 }, 10);
    const run = await service.run();
    expect(run.state).toBe('ended');
    expect(github.comments).toEqual([]);
    const timeline = await service.app.runs.timeline(run.id);
    expect(timeline.some((entry) => entry.kind === 'report')).toBe(true);
  });

  test('a run from its beginning to its end in one comment, which /cancel ends and /retry begins anew', async () => {
    await start('test -e /workspace/repo && sleep 60', {
      allow,
      report: { reaction: true, comment: 'always' },
    });
    const { decision } = await service.comment('go');
    const runId = decision?.runId ?? '';
    await until('the comment shows the agent at work', () =>
      github.comments[0]?.body.includes('The agent is working.') ? true : undefined,
    );
    expect((await service.comment('/cancel\nwrong branch')).decision).toMatchObject({
      reason: 'command_cancel',
    });
    expect(await service.ended(runId)).toMatchObject({ outcome: 'cancelled' });
    await until('the comment tells the end', () =>
      github.comments[0]?.body.includes('The run was cancelled.') ? true : undefined,
    );
    expect(github.comments[0]?.body).toContain('octocat asked for it in a comment.');
    expect((await service.comment('/retry')).decision).toMatchObject({ reason: 'command_retry' });
    await until('it runs again', async () =>
      (await service.app.runs.find(runId))?.state === 'running' ? true : undefined,
    );
    await service.comment('/cancel');
    expect(await service.ended(runId)).toMatchObject({ outcome: 'cancelled', attempt: 2 });
    expect(github.comments).toHaveLength(1);
    expect(github.reactions.map(({ content }) => content)).toContain('+1');
  });
});
