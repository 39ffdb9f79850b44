import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createGitHubClient, type GitHubClient } from '../../src/github/client.ts';
import { addReaction, createComment, findComment } from '../../src/github/issues.ts';
import { fetchPermission, isTeamMember } from '../../src/github/permission.ts';
import { describeToken } from '../../src/github/tokens.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';

const log = pino({ level: 'silent' });
const place = { owner: 'owner', repo: 'repository' };
const question = { ...place, login: 'octocat' };

const inAnHour = (): string => String(Math.floor(Date.now() / 1000) + 3600);

let api: GitHubApi;
let client: GitHubClient;

const connect = (apiUrl: string, token: string | undefined = 'a-token'): GitHubClient =>
  createGitHubClient({ apiUrl, token: async () => token, log });

beforeEach(async () => {
  api = await startGitHubApi();
  api.repositories.add('owner/repository');
  client = connect(api.url);
});

afterEach(async () => {
  await api.close();
});

describe('a permission', () => {
  test.each([
    ['admin', 'admin', 'admin'],
    ['write', 'maintain', 'maintain'],
    ['write', 'write', 'write'],
    ['read', 'triage', 'triage'],
    ['read', 'read', 'read'],
    ['none', 'none', 'none'],
    ['write', 'release-captain', 'write'],
    ['read', 'admin', 'read'],
    ['none', 'maintain', 'none'],
  ])('of %s with the role %s is %s', async (permission, role_name, expected) => {
    api.permissions.set('octocat', { permission, role_name });
    expect(await fetchPermission(client, question)).toBe(expected);
  });

  test('carries the token and says who asks', async () => {
    api.permissions.set('octocat', { permission: 'read', role_name: 'read' });
    await fetchPermission(connect(`${api.url}/`), question);
    expect(api.requests).toHaveLength(1);
    expect(api.requests[0]?.authorization).toBe('Bearer a-token');
    expect(api.requests[0]?.userAgent).toMatch(/^github-flows /);
  });

  test('a permission is asked once more with another token when GitHub refuses the first', async () => {
    api.permissions.set('octocat', { permission: 'read', role_name: 'read' });
    api.misbehave({ status: 401 });
    const asked: (string | undefined)[] = [];
    const token = async (refused?: string): Promise<string> => {
      asked.push(refused);
      return refused === undefined ? 'an-old-token' : 'a-new-token';
    };
    expect(await fetchPermission(createGitHubClient({ apiUrl: api.url, token, log }), question)).toBe('read');
    expect(asked).toEqual([undefined, 'an-old-token']);
    expect(api.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer an-old-token',
      'Bearer a-new-token',
    ]);
  });

  test('a permission is asked again with the same token while that is young, after 1, 2 and 4 s', async () => {
    api.permissions.set('octocat', { permission: 'read', role_name: 'read' });
    const waits: number[] = [];
    const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) };
    const asked: (string | undefined)[] = [];
    const token = async (refused?: string): Promise<string> => {
      asked.push(refused);
      return 'a-token';
    };
    const young = { isYoung: () => true, clock };
    const patient = createGitHubClient({ apiUrl: api.url, token, young, log });
    api.misbehave({ status: 401 }, 3);
    expect(await fetchPermission(patient, question)).toBe('read');
    expect([waits, asked]).toEqual([[1_000, 2_000, 4_000], [undefined]]);
    api.misbehave({ status: 401 }, 4);
    await expect(fetchPermission(patient, question)).rejects.toMatchObject({ code: 'github_token_refused' });
    expect(api.requests).toHaveLength(8);
    const old = createGitHubClient({ apiUrl: api.url, token, young: { isYoung: () => false, clock }, log });
    api.misbehave({ status: 401 });
    await expect(fetchPermission(old, question)).rejects.toMatchObject({ code: 'github_token_refused' });
    expect(api.requests).toHaveLength(9);
  });

  test('a permission of somebody GitHub does not know is none', async () => {
    expect(await fetchPermission(client, question)).toBe('none');
  });

  test.each<[string, object, string]>([
    ['an account under its own login', { octocat: 5 }, 'write'],
    ['a login that somebody else took over', { octocat: 6 }, 'none'],
    ['an account that was renamed, its login free', { 'octo-new': 5 }, 'write'],
    ['an account that was renamed, its login taken', { octocat: 6, 'octo-new': 5 }, 'write'],
    ['an account whose new login is not shown', {}, 'none'],
  ])('of %s is that of the id', async (_name, accounts, expected) => {
    for (const [login, id] of Object.entries(accounts)) {
      api.permissions.set(login, { permission: 'write', role_name: 'write', id });
      api.users.set(id, login);
    }
    expect(await fetchPermission(client, { ...question, id: 5 })).toBe(expected);
  });

  test('a permission in a team is asked for the login that an account has by now, and for the one it had where that is not shown', async () => {
    api.talk.teams['owner/core'] = { octocat: 'active', 'octo-new': 'active' };
    const isMember = async (id: number) =>
      await isTeamMember(client, { team: 'owner/core', login: 'octocat', id });
    expect(await isMember(5)).toBe(true);
    api.users.set(5, 'octo-gone');
    expect(await isMember(5)).toBe(false);
    api.users.set(5, 'octo-new');
    expect(await isMember(5)).toBe(true);
  });

  test('a permission of an app is asked by its whole login', async () => {
    api.permissions.set('robot[bot]', { permission: 'write', role_name: 'write' });
    expect(await fetchPermission(client, { ...place, login: 'robot[bot]' })).toBe('write');
  });

  test.each([
    '',
    '.',
    '..',
    '../../user',
    'a/b',
    'a%2fb',
    'a b',
    'a?b',
    'a#b',
    'a\nb',
    'ä',
    '[bot]',
    'x[bot][bot]',
    'a'.repeat(101),
  ])('is never asked for the login %j', async (login) => {
    await expect(fetchPermission(client, { ...place, login })).rejects.toMatchObject({
      code: 'name_refused',
    });
    expect(api.requests).toEqual([]);
  });

  test.each([
    ['..', 'repository'],
    ['owner', '..'],
    ['owner', 'a/b'],
    ['', 'x'],
  ])('is never asked about the repository %j/%j', async (owner, repo) => {
    await expect(fetchPermission(client, { owner, repo, login: 'octocat' })).rejects.toMatchObject({
      code: 'name_refused',
    });
    expect(api.requests).toEqual([]);
  });

  test.each([
    { body: {} },
    { body: [] },
    { body: null },
    { body: { permission: 'owner' } },
    { body: { permission: 1 } },
  ])('is not taken from an answer like %j', async (answer) => {
    api.misbehave(answer);
    await expect(fetchPermission(client, question)).rejects.toMatchObject({
      code: 'github_answer_unreadable',
    });
  });

  test('a permission is not taken from a proxy’s page', async () => {
    api.misbehave('page');
    await expect(fetchPermission(client, question)).rejects.toMatchObject({
      code: 'github_answer_unreadable',
    });
  });
});

describe('a refusal of GitHub', () => {
  test.each([
    [401, {}, 'github_token_refused'],
    [403, {}, 'github_refused'],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inAnHour() }, 'github_rate_limited'],
    [403, { 'retry-after': '60' }, 'github_rate_limited'],
    [429, { 'retry-after': '60' }, 'github_rate_limited'],
    [410, {}, 'github_not_found'],
    [422, {}, 'github_invalid'],
    [451, {}, 'github_refused'],
  ])('%i with %j is %s, asked once, with GitHub’s words and request id', async (status, headers, code) => {
    api.misbehave({ status, headers, message: 'So says\u001b[31m\nGitHub' }, 9);
    const target = { ...place, subject: 'issue', id: 7, content: 'eyes' } as const;
    const error = await addReaction(client, target).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining('“So says [31m GitHub”, request ABCD:1234:STANDIN'),
    });
    expect(api.requests).toHaveLength(1);
  });

  test('a refusal of GitHub of an unknown repository is told as not found when no permission is asked', async () => {
    await expect(describeToken(client, 'owner/other')).rejects.toMatchObject({ code: 'github_not_found' });
  });

  test('a refusal of GitHub without a token there is nothing to refuse: GitHub is not asked', async () => {
    const bare = createGitHubClient({ apiUrl: api.url, token: async () => undefined, log });
    await expect(fetchPermission(bare, question)).rejects.toMatchObject({
      code: 'github_credential_missing',
    });
    expect(api.requests).toEqual([]);
  });

  test('what reading the token throws is thrown on', async () => {
    const torn = createGitHubClient({
      apiUrl: api.url,
      token: async () => await Promise.reject(new Error('the file is gone')),
      log,
    });
    await expect(fetchPermission(torn, question)).rejects.toThrow('the file is gone');
  });
});

describe('what is said on GitHub', () => {
  test('a reaction given twice is there once, on each kind of subject', async () => {
    for (const subject of ['issue', 'issue_comment', 'pull_request_review_comment'] as const)
      await addReaction(client, { ...place, subject, id: 7, content: 'eyes' });
    await addReaction(client, { ...place, subject: 'issue', id: 7, content: 'eyes' });
    expect(api.reactions).toEqual([
      { subject: 'issue', id: 7, content: 'eyes' },
      { subject: 'issue_comment', id: 7, content: 'eyes' },
      { subject: 'pull_request_review_comment', id: 7, content: 'eyes' },
    ]);
  });

  test('a comment is made, found by its mark and changed', async () => {
    const body = 'Done.\n<!-- mark-1 -->';
    const made = await createComment(client, { ...place, number: 3, body });
    expect(made.url).toContain(`#issuecomment-${made.id}`);
    expect(await findComment(client, { ...place, number: 3, mark: '<!-- mark-1 -->' })).toEqual(made);
    expect(await findComment(client, { ...place, number: 3, mark: '<!-- mark-2 -->' })).toBeUndefined();
  });

  test('a comment is found on the last page of a long thread', async () => {
    for (let id = 1; id <= 250; id += 1) api.comments.push({ id, number: 3, body: `comment ${id}` });
    const found = await findComment(client, { ...place, number: 3, mark: 'comment 240' });
    expect(found?.id).toBe(240);
    expect(api.requests).toHaveLength(2);
  });

  test('a comment whose answer was lost is not posted again by itself', async () => {
    api.misbehave({ status: 502 }, 9);
    await expect(createComment(client, { ...place, number: 3, body: 'x' })).rejects.toMatchObject({
      code: 'github_unreachable',
    });
    expect(api.requests).toHaveLength(1);
  });
});

describe('the token', () => {
  test('the token is described by its owner and what it reaches', async () => {
    expect(await describeToken(client, undefined)).toBe('of the-robot');
    expect(await describeToken(client, 'owner/repository')).toBe(
      'of the-robot, reaches owner/repository (private, may push)',
    );
  });

  test('the token that runs out is told with its end', async () => {
    api.ownerHeaders['github-authentication-token-expiration'] = '2027-01-31 00:00:00 UTC';
    expect(await describeToken(client, undefined)).toBe('of the-robot, good until 2027-01-31 00:00:00 UTC');
  });

  test('the token of an app has no owner that GitHub tells', async () => {
    api.misbehave({ status: 403, message: 'Resource not accessible by integration' });
    expect(await describeToken(client, undefined)).toBe('of an App or a bot');
  });

  test.each(['owner', 'owner/', '/x', 'a/b/c', '../..'])('is not asked about %j', async (repository) => {
    await expect(describeToken(client, repository)).rejects.toMatchObject({ code: 'name_refused' });
  });
});
