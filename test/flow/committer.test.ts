import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import type { GitHubToken } from '../../src/credentials/github/github-tokens.ts';
import { createCommitters } from '../../src/flow/github/committer.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { makeApp } from '../support/github/apps.ts';
import { movedClock } from '../support/suite/fake-clock.ts';

let github: GitHubApi;
const log = createLogger({ level: 'silent', redactor: createRedactor() });
const profile = {
  execution: { runtime: { dockerArgs: { mounts: [] } } },
  credentials: { codex: false },
} as unknown as Profile;
const NOBODY = { name: 'github-flows', email: 'github-flows@noreply.invalid' };

beforeEach(async () => {
  github = await startGitHubApi();
  onTestFinished(() => github.close());
});

function committers(source: GitHubToken['source'] | undefined, serverUrl = 'https://github.com') {
  const clock = movedClock();
  const value = new Secret('ghp_0123456789abcdefghijklmnopqrstuvwxyz');
  const client = createGitHubClient({ apiUrl: github.url, token: async () => value.reveal(), log });
  const committerFor = createCommitters({
    tokens: { token: async () => source && { value, expiresAt: null, source } },
    clientFor: () => client,
    secretsDir: '/secrets',
    serverUrl,
    clock,
    log,
  });
  return { clock, ask: async () => await committerFor(profile, 'octo/hello') };
}

const FILE = { kind: 'file', file: '/secrets/gh-token' } as const;

test('the owner of a token commits under the number of the account, asked once in ten minutes', async () => {
  const { clock, ask } = committers(FILE);
  const { name, email } = await ask();
  expect(name).toBe('the-robot');
  expect(email).toMatch(/^\d+\+the-robot@users\.noreply\.github\.com$/);
  await ask();
  expect(github.requests.map(({ path }) => path)).toEqual(['/user']);
  await clock.advance(600_001);
  await ask();
  expect(github.requests).toHaveLength(2);
});

test('an App commits as its bot, and on a server of one’s own under that server’s name', async () => {
  github.apps.apps.push(makeApp({ id: 7, slug: 'helper', owner: 'octo', installations: [] }));
  const app = { kind: 'app', app: 'helper', username: 'x', login: 'helper[bot]' } as const;
  expect(await committers(app).ask()).toEqual({
    name: 'helper[bot]',
    email: '900007+helper[bot]@users.noreply.github.com',
  });
  const { email } = await committers(app, 'https://git.corp.example').ask();
  expect(email).toBe('900007+helper[bot]@users.noreply.git.corp.example');
});

test.each([
  ['there is no token', undefined],
  ['GitHub has not told who the App is', { kind: 'app', app: '7', username: 'x' } as const],
  ['the bot is unknown', { kind: 'app', app: 'x', username: 'x', login: 'gone[bot]' } as const],
])('where %s, commits have an address that nobody can own', async (_why, source) => {
  expect(await committers(source).ask()).toEqual(NOBODY);
});

test('the address of nobody stands in where GitHub is away or answers nonsense, too, and GitHub is asked again after a minute', async () => {
  github.misbehaveAt(/^\/user$/, { body: { id: 7, login: 'a"\n\tb' } });
  const { clock, ask } = committers(FILE);
  expect(await ask()).toEqual(NOBODY);
  github.misbehaveAt(/^\/user$/, { status: 401 });
  await clock.advance(60_001);
  expect(await ask()).toEqual(NOBODY);
  await clock.advance(60_001);
  expect((await ask()).name).toBe('the-robot');
});
