import { mkdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { makeBearer } from '../../src/credentials/bearer.ts';
import type { GitHubToken } from '../../src/credentials/github/github-tokens.ts';
import { recordGrant } from '../../src/flow/credentials/grant-record.ts';
import { createBearerAccess } from '../../src/flow/credentials/runtime-access.ts';
import { runPaths } from '../../src/flow/paths.ts';
import { startRuntimeServer } from '../../src/http/runtime-server.ts';
import type { Run, RunState } from '../../src/runs/run.ts';
import { secretsDirectory } from '../support/profiles/secrets-directory.ts';
import { settableClock } from '../support/suite/fake-clock.ts';

const TOKEN = 'ghs_TheTokenOfTheRuntimeTest0123456789';
const END = Date.UTC(2030, 0, 1, 1);
const PATH = '/runtime/v1/github-token';
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

type Answer = { status: number; headers: Record<string, unknown>; body: Record<string, unknown> };

let url: string;
let bearer: string;
let states: Map<string, RunState>;
let hasApp: boolean;
let mint: () => Promise<GitHubToken | undefined>;
let log: string[];
let clock: ReturnType<typeof settableClock>;

/** A service with two runs that have a bearer each; `restart` opens the listener over the same directories anew. */
beforeEach(async () => {
  const base = secretsDirectory();
  const directories = { workspaceRoot: base, runDir: join(base, 'run'), varDir: base, installation: 'inst' };
  states = new Map([
    ['run1', 'running'],
    ['run2', 'running'],
  ]);
  mint = async () => ({
    value: new Secret(TOKEN),
    expiresAt: END,
    source: { kind: 'app', app: 'robot', username: 'x-access-token' },
  });
  hasApp = true;
  log = [];
  clock = settableClock();
  const places = runPaths(directories, { id: 'run1', repository: 'octo/hello', attempt: 1 } as Run);
  mkdirSync(places.home, { recursive: true });
  const made = makeBearer('run1');
  bearer = made.value.reveal();
  await recordGrant(places, {
    repository: 'octo/hello',
    permissions: { contents: 'write' },
    tokenFile: '/nowhere',
    owner,
    bearerHash: made.hash,
  });
  const access = createBearerAccess({
    directories,
    tokens: { token: async () => await mint(), hasApp: async () => hasApp },
    runs: {
      find: async (id) => {
        const state = states.get(id);
        return state && ({ id, state, repository: 'octo/hello', attempt: 1 } as Run);
      },
    },
  });
  const listener = await startRuntimeServer({
    host: '127.0.0.1',
    port: 0,
    clock,
    log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
    access: {
      runOf: access.runOf,
      token: async (id) => {
        const found = await access.token(id);
        return found && { token: found.value.reveal(), expiresAt: found.expiresAt };
      },
    },
  });
  onTestFinished(listener.close);
  url = listener.url;
});

async function ask(
  options: { authorization?: string; path?: string; method?: string; body?: string } = {},
): Promise<Answer> {
  const { authorization = `Bearer ${bearer}`, path = PATH, method = 'GET', body } = options;
  const headers = authorization === '' ? {} : { authorization };
  return await new Promise((resolve, reject) => {
    httpRequest(`${url}${path}`, { method, headers, agent: false }, (response) => {
      void text(response).then((told) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: told === '' ? {} : JSON.parse(told),
        }),
      );
    })
      .on('error', reject)
      .end(body);
  });
}

test('a run’s own bearer gets its token and when it ends, to be kept by nobody on the way', async () => {
  const answer = await ask();
  expect(answer).toMatchObject({
    status: 200,
    body: { token: TOKEN, expires_at: '2030-01-01T01:00:00.000Z' },
    headers: { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' },
  });
  for (const name of ['etag', 'last-modified', 'expires']) expect(answer.headers[name]).toBeUndefined();
});

describe('401', () => {
  test.each([
    ['no header', ''],
    ['another scheme', 'Basic Z2hmX3J1bjE6eA=='],
    ['no value', 'Bearer '],
    ['another word', 'Bearer hunter2'],
    ['the bearer of a run that is not known', `Bearer ghf_run9_${'A'.repeat(43)}`],
    ['the right run and a wrong secret', `Bearer ghf_run1_${'A'.repeat(43)}`],
    ['a run that was given none', `Bearer ghf_run2_${'A'.repeat(43)}`],
    ['a path in place of a run', `Bearer ghf_../../x_${'A'.repeat(43)}`],
    ['a header of 4,000 characters', `Bearer ${'x'.repeat(4000)}`],
  ])('%s', async (_name, authorization) => {
    const answer = await ask({ authorization });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'runtime_bearer_refused' } } });
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test.each(['queued', 'reporting', 'ended'] as const)('the bearer of a run that is %s', async (state) => {
    expect((await ask()).status).toBe(200);
    states.set('run1', state);
    expect((await ask()).status).toBe(401);
  });

  test('a bearer that another one differs from in its last character only', async () => {
    const last = bearer.endsWith('A') ? 'B' : 'A';
    expect((await ask({ authorization: `Bearer ${bearer.slice(0, -1)}${last}` })).status).toBe(401);
  });
});

test('404 without an App, and 500 that tells the code alone when no token can be made', async () => {
  mint = async () => ({
    value: new Secret('ghp_of-a-file'),
    expiresAt: null,
    source: { kind: 'file', file: '/x' },
  });
  expect(await ask()).toMatchObject({ status: 404, body: { error: { code: 'runtime_app_missing' } } });
  mint = async () => {
    throw new FlowError({ code: 'token_file_not_raw', blame: 'operator', message: 'no', hint: 'no' });
  };
  hasApp = false;
  expect((await ask()).status).toBe(404);
  hasApp = true;
  mint = async () => {
    throw new FlowError({ code: 'app_suspended', blame: 'github', message: 'no', hint: 'no' });
  };
  const answer = await ask();
  expect(answer).toMatchObject({ status: 500, body: { error: { code: 'runtime_token_failed' } } });
  expect(answer.body.error).toMatchObject({ message: 'GitHub gave no token for this run (app_suspended).' });
  mint = async () => {
    throw new TypeError(`cannot read ${TOKEN}`);
  };
  const broken = await ask();
  expect(broken.status).toBe(500);
  expect(JSON.stringify(broken.body)).not.toContain(TOKEN);
});

test('nothing else is there', async () => {
  expect(await ask({ path: '/' })).toMatchObject({
    status: 404,
    body: { error: { code: 'path_not_found' } },
  });
  expect((await ask({ path: `${PATH}/` })).status).toBe(404);
  expect(await ask({ path: `${PATH}?x=1` })).toMatchObject({
    status: 400,
    body: { error: { code: 'request_unknown_parameter' } },
  });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await ask({ method, ...(method.startsWith('P') ? { body: 'x' } : {}) })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
      body: { error: { code: 'method_not_allowed' } },
    });
});

test('a run may ask 30 times at once, then once in two seconds; others are not held up by it', async () => {
  const statuses: number[] = [];
  for (let count = 0; count < 31; count += 1) statuses.push((await ask()).status);
  expect(statuses).toEqual([...Array<number>(30).fill(200), 429]);
  const answer = await ask();
  expect(answer.headers['retry-after']).toBe('2');
  expect(answer.body).toMatchObject({ error: { code: 'runtime_too_often' } });
  clock.time += 2_000;
  expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(429);
  clock.time -= 3_600_000;
  expect((await ask()).status).toBe(429);
  clock.time += 4_000;
  expect((await ask()).status).toBe(200);
});

test('an address may guess 120 times at once, and none of it uses up what the run itself may ask', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 121 }, async () => (await ask({ authorization: 'Bearer wrong' })).status),
  );
  expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  clock.time += 500 * 30;
  for (let count = 0; count < 30; count += 1) expect((await ask()).status).toBe(200);
});

test('neither a token nor a bearer is ever logged, and bytes that are no HTTP get an answer', async () => {
  await ask();
  await ask({ authorization: 'Bearer wrong' });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end('this is no HTTP\r\n\r\n');
  expect(await text(socket)).toContain('400 Bad Request');
  expect(log.join('\n')).not.toContain(TOKEN);
  expect(log.join('\n')).not.toContain(bearer);
});
