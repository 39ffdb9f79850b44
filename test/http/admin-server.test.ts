import { request } from 'node:http';
import { Router } from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AdminRoutes, startAdminServer } from '../../src/http/admin-server.ts';
import { createHealthRouter, type ReadyCheck } from '../../src/http/health-routes.ts';
import { createLogin } from '../../src/http/login.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { settableClock } from '../support/suite/fake-clock.ts';

const TOKEN = 'a-token-of-this-test-0123456789-abcdef';
const LOGIN = { authorization: `Bearer ${TOKEN}` };

async function start(
  options: { hosts?: string[]; host?: string; checks?: ReadyCheck[]; more?: AdminRoutes[] } = {},
) {
  const clock = settableClock();
  const router = Router();
  router.get('/thing', (_request, response) => void response.json({ thing: true }));
  const server = await startAdminServer({
    host: options.host ?? '127.0.0.1',
    port: 0,
    login: createLogin(TOKEN, clock),
    hosts: options.hosts ?? [],
    routers: [
      { path: '/', router: createHealthRouter(options.checks ?? [], clock), open: true },
      { path: '/api', router },
      ...(options.more ?? []),
    ],
    log: createLogger({ level: 'silent', redactor: createRedactor() }),
    clock,
  });
  onTestFinished(server.close);
  const ask = async (path: string, headers: Record<string, string> = LOGIN, method = 'GET') =>
    await askAt(server.url, path, headers, method);
  return { server, clock, ask };
}

/** `fetch` sets Host itself, so that requests are made by hand. */
async function askAt(url: string, path: string, headers: Record<string, string>, method: string) {
  const port = new URL(url).port;
  return await new Promise<{
    status: number;
    headers: Record<string, unknown>;
    code: string | undefined;
    json: Record<string, unknown>;
  }>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const json = JSON.parse(text || '{}') as { error?: { code: string } };
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            code: json.error?.code,
            json: json as Record<string, unknown>,
          });
        });
      },
    );
    sent.on('error', reject).end();
  });
}

describe('health and readiness', () => {
  test('health and readiness need no login', async () => {
    const { ask } = await start();
    expect(await ask('/healthz', {})).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await ask('/readyz', {})).toMatchObject({ status: 200, json: { status: 'ready', checks: [] } });
  });

  test('health and readiness say which check is not well, though another one throws', async () => {
    const checks: ReadyCheck[] = [
      { name: 'well', check: async () => undefined },
      { name: 'ill', check: async () => 'The disk is full.' },
      { name: 'broken', check: async () => await Promise.reject(new Error('no answer')) },
    ];
    const { ask } = await start({ checks });
    const { status, json } = await ask('/readyz', {});
    expect([status, json.status]).toEqual([503, 'not_ready']);
    expect(json.checks).toMatchObject([
      { name: 'well', ready: true, message: null },
      { name: 'ill', ready: false, message: 'The disk is full.' },
      { name: 'broken', ready: false },
    ]);
    expect((await ask('/healthz', {})).status).toBe(200);
  });
});

describe('the login', () => {
  test('the login lets in who has the token, and nobody else, to what is there and what is not', async () => {
    const { ask } = await start();
    expect(await ask('/api/thing')).toMatchObject({ status: 200, json: { thing: true } });
    expect(await ask('/api/nothing')).toMatchObject({ status: 404, code: 'path_not_found' });
    for (const path of ['/api/thing', '/api/nothing', '/', '/API/thing', '/healthz/']) {
      expect(await ask(path, {})).toMatchObject({ status: 401, code: 'login_missing' });
      const wrong = { authorization: `Bearer ${TOKEN}x` };
      expect(await ask(path, wrong)).toMatchObject({ status: 401, code: 'login_wrong' });
    }
  });

  test.each(['Basic YTpi', 'Bearer', `bearer  `, TOKEN, `Bearer ${TOKEN} x`])(
    '%j is no bearer',
    async (authorization) => {
      const { ask } = await start();
      expect(await ask('/api/thing', { authorization })).toMatchObject({
        status: 401,
        code: 'login_missing',
      });
    },
  );

  test('the login is closed to an address after ten wrong tokens, even to the right one, and opens again by itself', async () => {
    const { ask, clock } = await start();
    const wrong = { authorization: 'Bearer wrong-wrong-wrong' };
    for (let time = 0; time < 10; time += 1) expect((await ask('/api/thing', wrong)).status).toBe(401);
    const refused = await ask('/api/thing');
    expect(refused).toMatchObject({ status: 429, code: 'login_too_often' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('/healthz', {})).status).toBe(200);
    clock.time += 6_000;
    expect((await ask('/api/thing')).status).toBe(200);
  });

  test('the login is not closed for an hour by a clock that is set back an hour', async () => {
    const { ask, clock } = await start();
    for (let time = 0; time < 10; time += 1) await ask('/api/thing', { authorization: 'Bearer wrong' });
    clock.time -= 3_600_000;
    expect(Number((await ask('/api/thing')).headers['retry-after'])).toBeLessThanOrEqual(6);
  });
});

describe('the Host header', () => {
  const hosts = ['flows.example.org'];

  test.each(['127.0.0.1', 'localhost:8080', '[::1]:1', 'LOCALHOST.', 'flows.example.org', '127.9.9.9'])(
    '%j names a listener on loopback',
    async (host) => {
      const { ask } = await start({ hosts });
      expect((await ask('/healthz', { host })).status).toBe(200);
    },
  );

  test.each(['evil.example', '10.0.0.1', 'flows.example.org.evil.example', 'localhost@evil', 'a b'])(
    '%j is refused, also for what needs no login and with the right token',
    async (host) => {
      const { ask } = await start({ hosts });
      expect(await ask('/healthz', { host })).toMatchObject({ status: 421, code: 'host_unexpected' });
      expect((await ask('/api/thing', { ...LOGIN, host })).status).toBe(421);
    },
  );

  test('the Host header may be any address when it listens on all, but no name', async () => {
    const { ask } = await start({ host: '0.0.0.0' });
    expect((await ask('/healthz', { host: '10.1.2.3:3001' })).status).toBe(200);
    expect((await ask('/healthz', { host: 'evil.example' })).status).toBe(421);
  });
});

test('answers are not kept, framed or sniffed, and do not say what serves them', async () => {
  const { ask } = await start();
  const { headers } = await ask('/healthz', {});
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-frame-options': 'SAMEORIGIN',
    'x-content-type-options': 'nosniff',
  });
  expect(headers['content-security-policy']).toContain("default-src 'self'");
  expect(headers['x-powered-by']).toBeUndefined();
});

test('an error inside is told as internal_error, and the listener goes on', async () => {
  const router = Router();
  router.get('/', () => {
    throw new TypeError('boom');
  });
  const { ask } = await start({ more: [{ path: '/broken', router }] });
  expect(await ask('/broken')).toMatchObject({ status: 500, code: 'internal_error' });
  expect((await ask('/api/thing')).status).toBe(200);
});

test('a taken port is told with the option that names it', async () => {
  const { server } = await start();
  const port = Number(new URL(server.url).port);
  const log = createLogger({ level: 'silent', redactor: createRedactor() });
  const again = startAdminServer({
    host: '127.0.0.1',
    port,
    login: createLogin(TOKEN, settableClock()),
    hosts: [],
    routers: [],
    log,
    clock: settableClock(),
  });
  await expect(again).rejects.toMatchObject({
    code: 'listen_failed',
    hint: expect.stringContaining('ADMIN_PORT'),
  });
});
