import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createGitHubClient } from '../../src/github/client.ts';
import { fetchPermission } from '../../src/github/permission.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { GITHUB_CALLS } from '../support/github/calls.ts';

const log = pino({ level: 'silent' });

/** Asks for the permission of an admin; `work` gets the stand-in and the question, each test its own. */
async function withApi(work: (api: GitHubApi, ask: () => Promise<string>) => Promise<void>): Promise<void> {
  const api = await startGitHubApi();
  try {
    api.repositories.add('owner/repository');
    api.permissions.set('octocat', { permission: 'admin', role_name: 'admin' });
    const client = createGitHubClient({ apiUrl: api.url, token: async () => 'a-token', log });
    await work(
      api,
      async () => await fetchPermission(client, { owner: 'owner', repo: 'repository', login: 'octocat' }),
    );
  } finally {
    await api.close();
  }
}

describe.concurrent('a GitHub that is not well', { timeout: 45_000 }, () => {
  test('is asked again after one error, and its answer counts', async () => {
    await withApi(async (api, ask) => {
      api.misbehave({ status: 502 });
      expect(await ask()).toBe('admin');
      expect(api.requests).toHaveLength(2);
    });
  });

  test('is asked three times and then given up, within ten seconds', async () => {
    await withApi(async (api, ask) => {
      api.misbehave({ status: 503 }, 9);
      const startedAt = performance.now();
      await expect(ask()).rejects.toMatchObject({ code: 'github_unreachable' });
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(api.requests).toHaveLength(3);
    });
  });

  test('that is silent is given up within about half a minute', async () => {
    await withApi(async (api, ask) => {
      api.misbehave('silence', 9);
      const startedAt = performance.now();
      await expect(ask()).rejects.toMatchObject({
        code: 'github_unreachable',
        message: expect.stringContaining('not within 30 s'),
      });
      expect(performance.now() - startedAt).toBeLessThan(33_000);
    });
  });

  test('that is silent keeps no call waiting for longer', async () => {
    await Promise.all(
      Object.entries(GITHUB_CALLS).map(async ([name, { call }]) => {
        await withApi(async (api) => {
          api.misbehave('silence', 9);
          const client = createGitHubClient({ apiUrl: api.url, token: async () => 'a-token', log });
          const startedAt = performance.now();
          await expect(call(client), name).rejects.toMatchObject({ code: 'github_unreachable' });
          expect(performance.now() - startedAt, name).toBeLessThan(36_000);
        });
      }),
    );
  });

  test('that cuts the connection is unreachable', async () => {
    await withApi(async (api, ask) => {
      api.misbehave('cut', 9);
      await expect(ask()).rejects.toMatchObject({ code: 'github_unreachable' });
    });
  });

  test('that is not there is unreachable, and the message says how', async () => {
    await withApi(async (api, ask) => {
      await api.close();
      await expect(ask()).rejects.toMatchObject({
        code: 'github_unreachable',
        message: expect.stringContaining('ECONNREFUSED'),
      });
    });
  });

  test('that asks for a short pause gets it, and its answer counts', async () => {
    await withApi(async (api, ask) => {
      api.misbehave({
        status: 403,
        headers: { 'retry-after': '1' },
        message: 'You have exceeded a secondary rate limit',
      });
      expect(await ask()).toBe('admin');
      expect(api.requests).toHaveLength(2);
    });
  });

  test('a hundred questions at once are all answered', async () => {
    await withApi(async (api, ask) => {
      const answers = await Promise.all(Array.from({ length: 100 }, ask));
      expect(new Set(answers)).toEqual(new Set(['admin']));
      expect(api.requests).toHaveLength(100);
    });
  });
});
