import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createGitHubClient, type GitHubClient } from '../../src/github/client.ts';
import { fetchPermission, isTeamMember } from '../../src/github/permission.ts';
import { type GitHubApi, type Misbehaviour, startGitHubApi } from '../support/github/api.ts';
import { GITHUB_CALLS } from '../support/github/calls.ts';

const log = pino({ level: 'silent' });
const place = { owner: 'owner', repo: 'repository' };

/** What an error comes to: the code, or the value that stands for a no. */
const FAULTS: [Misbehaviour, string][] = [
  [{ status: 401 }, 'github_token_refused'],
  [{ status: 403 }, 'github_refused'],
  [{ status: 404 }, 'github_not_found'],
  [{ status: 422 }, 'github_invalid'],
  [{ status: 429, headers: { 'retry-after': '60' } }, 'github_rate_limited'],
];

/** What GitHub's documentation lets a call take for an answer instead of an error. */
const ANSWERS: Record<string, unknown> = {
  'the permission of a user github_not_found': 'none',
  'the membership in a team github_not_found': false,
  'the owner of the token github_refused': undefined,
  'a branch github_not_found': undefined,
};

async function withApi<T>(work: (api: GitHubApi, client: GitHubClient) => Promise<T>): Promise<T> {
  const api = await startGitHubApi();
  try {
    api.repositories.add('owner/repository');
    return await work(api, createGitHubClient({ apiUrl: api.url, token: async () => 'a-token', log }));
  } finally {
    await api.close();
  }
}

describe.concurrent('every call', { timeout: 60_000 }, () => {
  test.each(FAULTS)(
    'answered with %j is told as %s with GitHub’s request id, and not repeated',
    async (how, code) => {
      await eachCall(async (name, call, api, client) => {
        api.misbehave(how, 9);
        const outcome = await call(client).catch((error: unknown) => error);
        const key = `${name} ${code}`;
        if (key in ANSWERS) expect(outcome, name).toBe(ANSWERS[key]);
        else
          expect(outcome, name).toMatchObject({
            code,
            message: expect.stringContaining('ABCD:1234:STANDIN'),
          });
        expect(api.requests, name).toHaveLength(1);
      });
    },
  );

  test.each([409, 500, 503])(
    'answered with %i is repeated twice, unless it may have been done',
    async (status) => {
      await eachCall(async (name, call, api, client, tries) => {
        api.misbehave({ status }, 9);
        const code = status === 409 ? 'github_invalid' : 'github_unreachable';
        await expect(call(client), name).rejects.toMatchObject({ code });
        expect(api.requests, name).toHaveLength(tries);
      });
    },
  );
});

/** Does the same with every call at once, each with a stand-in of its own. */
async function eachCall(
  work: (
    name: string,
    call: (client: GitHubClient) => Promise<unknown>,
    api: GitHubApi,
    client: GitHubClient,
    tries: number,
  ) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Object.entries(GITHUB_CALLS).map(
      async ([name, { call, tries }]) =>
        await withApi(async (api, client) => await work(name, call, api, client, tries)),
    ),
  );
}

describe('conditional questions', () => {
  test('conditional questions are answered by what is known when GitHub says that nothing changed, and by the new answer when it did', async () => {
    await withApi(async (api, client) => {
      const ask = async (): Promise<string> => await fetchPermission(client, { ...place, login: 'octocat' });
      api.permissions.set('octocat', { permission: 'write', role_name: 'write' });
      expect([await ask(), await ask()]).toEqual(['write', 'write']);
      expect(api.requests.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, 'W/"octocat-write"']);
      api.permissions.set('octocat', { permission: 'read', role_name: 'read' });
      expect(await ask()).toBe('read');
      api.permissions.delete('octocat');
      expect(await ask()).toBe('none');
    });
  });

  test('conditional questions are never answered from another token’s answer', async () => {
    await withApi(async (api) => {
      api.permissions.set('octocat', { permission: 'write', role_name: 'write' });
      let token = 'first';
      const client = createGitHubClient({ apiUrl: api.url, token: async () => token, log });
      await fetchPermission(client, { ...place, login: 'octocat' });
      token = 'second';
      await fetchPermission(client, { ...place, login: 'octocat' });
      expect(api.requests.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, undefined]);
    });
  });
});

describe('a membership', () => {
  test.each([
    ['active', true],
    ['pending', false],
  ] as const)('that is %s counts: %s', async (membership, counts) => {
    await withApi(async (api, client) => {
      api.talk.teams['owner/core'] = { octocat: membership };
      expect(await isTeamMember(client, { team: 'owner/core', login: 'octocat' })).toBe(counts);
      expect(await isTeamMember(client, { team: 'owner/core', login: 'somebody' })).toBe(false);
    });
  });

  test.each(['core', 'a/b/c', '../x', '/core', 'owner/'])(
    'is never asked about the team %j',
    async (team) => {
      await withApi(async (api, client) => {
        await expect(isTeamMember(client, { team, login: 'octocat' })).rejects.toMatchObject({
          code: 'name_refused',
        });
        expect(api.requests).toEqual([]);
      });
    },
  );
});

describe('GitHub Enterprise Server', () => {
  test('GitHub Enterprise Server is asked below its own base address, whether or not that ends with a slash', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(String(request.url));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ permission: 'write', role_name: 'write' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const end of ['', '/']) {
      const apiUrl = `http://127.0.0.1:${port}/api/v3${end}`;
      const client = createGitHubClient({ apiUrl, token: async () => 'a-token', log });
      expect(await fetchPermission(client, { ...place, login: 'octocat' })).toBe('write');
    }
    server.close();
    const path = '/api/v3/repos/owner/repository/collaborators/octocat/permission';
    expect(asked).toEqual([path, path]);
  });
});
