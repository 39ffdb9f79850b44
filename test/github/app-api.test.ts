import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAppAuth } from '@octokit/auth-app';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AppApi, createAppApi } from '../../src/github/app-api.ts';
import { makeApp } from '../support/github/apps.ts';

let server: Server;
let asked: { path: string; authorization: string | undefined }[];
let answer: { status: number; body: unknown };
let api: AppApi;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const app = makeApp();
  api = createAppApi({
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`,
    name: app.slug,
    signIn: { authStrategy: createAppAuth, auth: { appId: app.id, privateKey: app.pem } },
    log: pino({ level: 'silent' }),
  });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const installation = { id: 5, account: { login: 'octo' }, permissions: {}, suspended_at: null };

test('an Enterprise Server’s API, below a path of its own, is signed in to as well', async () => {
  answer = { status: 200, body: installation };
  expect(await api.installationOf('octo', 'hello')).toMatchObject({ id: 5, account: 'octo', url: '' });
  expect(await api.installation(5)).toMatchObject({ id: 5 });
  expect(asked.map(({ path }) => path)).toEqual([
    '/api/v3/repos/octo/hello/installation',
    '/api/v3/app/installations/5',
  ]);
  for (const { authorization } of asked) expect(authorization).toMatch(/^bearer [\w-]+\.[\w-]+\.[\w-]+$/i);
});

test.each([
  null,
  [],
  'text',
  {},
  { ...installation, id: 'five' },
  { ...installation, id: 2 ** 60 },
  { ...installation, account: null },
])('an installation is not taken from %j', async (body) => {
  answer = { status: 200, body };
  await expect(api.installationOf('octo', 'hello')).rejects.toMatchObject({
    code: 'github_answer_unreadable',
  });
});

test.each([
  {},
  { token: 'ghs_aaaaaaaaaaaaaaaa' },
  { token: 'ghs_aaaaaaaaaaaaaaaa', expires_at: 'tomorrow' },
  { token: 'with a blank', expires_at: '2030-01-01T00:00:00Z' },
  { token: 7, expires_at: '2030-01-01T00:00:00Z' },
])('a token is not taken from %j', async (body) => {
  answer = { status: 201, body };
  await expect(api.mint({ installation: 5, repository: 'hello', permissions: {} })).rejects.toMatchObject({
    code: 'github_answer_unreadable',
  });
});

test.each(['..', 'a/b', ''])('nothing is asked about the repository octo/%s', async (name) => {
  await expect(api.installationOf('octo', name)).rejects.toMatchObject({ code: 'name_refused' });
  expect(asked).toEqual([]);
});
