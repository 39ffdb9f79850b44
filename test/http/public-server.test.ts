import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { startPublicServer } from '../../src/http/public-server.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { rawDelivery } from '../support/github/signed-request.ts';
import { type RawConnection, startListener } from '../support/service/public-listener.ts';

const MB = 1024 * 1024;

/** What one raw answer says. */
function parts(text: string): { status: number; head: string; code: string | undefined } {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const code = (JSON.parse(body || '{}') as { error?: { code: string } }).error?.code;
  return { status: Number(head.split(' ')[1]), head, code };
}

/** Milliseconds until a connection is closed. */
async function lifetime(connection: RawConnection): Promise<number> {
  const from = performance.now();
  await connection.closed;
  return performance.now() - from;
}

const head = (lines: string[]): string =>
  `${['POST /webhooks/github HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;

/** The head of a signed delivery whose body has `length` bytes. */
const signedHead = (length: number, more: Record<string, string> = {}): string =>
  rawDelivery('', { 'content-length': String(length), ...more }).toString('latin1');

describe('paths and methods', () => {
  test('there is one path, letter for letter', async () => {
    const { server } = await startListener();
    for (const path of [
      '/',
      '/healthz',
      '/webhooks',
      '/webhooks/github/',
      '/Webhooks/github',
      '/webhooks/github/x',
      '/%ff',
      '//webhooks/github',
    ]) {
      const answer = await fetch(server.url + path, { method: 'POST', body: '{}' });
      expect([
        path,
        answer.status,
        ((await answer.json()) as { error: { code: string } }).error.code,
      ]).toEqual([path, 404, 'path_not_found']);
    }
  });

  test('it takes POST alone, and says so', async () => {
    const { server } = await startListener();
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      const answer = await fetch(`${server.url}/webhooks/github`, { method });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'POST']);
      expect(await answer.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    }
    const answer = await fetch(`${server.url}/webhooks/github`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([405, '']);
  });

  test('a tunnel is refused like any other method', async () => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.write('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n');
    await connection.closed;
    expect(parts(connection.text())).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  test('requests on one connection are answered in order', async () => {
    const { connect } = await startListener();
    const connection = connect();
    const requests = [1, 2, 3].map((id) => rawDelivery(`{"a": ${id}}`, { 'x-github-delivery': `d-${id}` }));
    connection.socket.write(Buffer.concat(requests));
    const text = await connection.until(/d-3/);
    expect(text.match(/"delivery":"d-\d"/g)).toEqual([1, 2, 3].map((id) => `"delivery":"d-${id}"`));
  });
});

describe('a client that declares too much', () => {
  test('is answered before it sent a byte of it, and then let go', async () => {
    const { connect } = await startListener();
    const connection = connect();
    const from = performance.now();
    connection.socket.write(signedHead(26 * MB));
    expect(parts(await connection.until(/\}\}$/))).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(performance.now() - from).toBeLessThan(3000);
    expect(connection.text()).toMatch(/connection: close/i);
    const more = await lifetime(connection);
    expect(more).toBeGreaterThan(1000);
    expect(more).toBeLessThan(4000);
  });

  test('sees the answer though it goes on sending all of it', async () => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.write(signedHead(40 * MB));
    const block = Buffer.alloc(MB, 'x');
    for (let sent = 0; sent < 40; sent += 1)
      if (!connection.socket.write(block)) await once(connection.socket, 'drain');
    await connection.closed;
    expect(parts(connection.text())).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('is not told to go on when it asks first', async () => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.write(signedHead(26 * MB, { expect: '100-continue' }));
    const text = await connection.until(/\}\}$/);
    expect(text).not.toContain('100 Continue');
    expect(parts(text).status).toBe(413);
  });

  test('and one that sends too much without saying is cut off', async () => {
    const { connect } = await startListener({ body: { bodyBytes: 100_000 } });
    const connection = connect();
    connection.socket.write(signedHead(0).replace('content-length: 0', 'transfer-encoding: chunked'));
    const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`;
    for (let sent = 0; sent < 11; sent += 1) connection.socket.write(chunk);
    expect(parts(await connection.until(/\}\}$/))).toMatchObject({ status: 413, code: 'body_too_large' });
    const from = performance.now();
    const sending = setInterval(() => connection.socket.write(chunk), 5);
    await connection.closed;
    clearInterval(sending);
    expect(performance.now() - from).toBeLessThan(4000);
  });

  test('a refused request without a body leaves the connection open for the next', async () => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await connection.until(/path_not_found/);
    connection.socket.write(rawDelivery('{"a": 1}'));
    expect(await connection.until(/accepted/)).not.toMatch(/connection: close/i);
  });

  test('a client that was told 100 Continue when it asked is accepted', async () => {
    const { connect } = await startListener();
    const connection = connect();
    const request = rawDelivery('{"a": 1}', { expect: '100-continue' }).toString('latin1');
    connection.socket.write(request.slice(0, request.indexOf('{"a"')));
    await connection.until(/100 Continue/);
    connection.socket.write('{"a": 1}');
    expect(await connection.until(/accepted/)).toContain('202 Accepted');
  });
});

describe('a slow client', () => {
  test('that sends nothing, or half its headers, is answered and closed', async () => {
    const { connect } = await startListener({ limits: { headersMs: 300 } });
    for (const text of ['', 'POST /webhooks/github HTTP/1.1\r\nHost: x\r\nX-']) {
      const connection = connect();
      connection.socket.write(text);
      expect(await lifetime(connection)).toBeLessThan(2000);
      expect(parts(connection.text())).toMatchObject({ status: 408, code: 'headers_too_slow' });
    }
  });

  test('that trickles its headers is closed all the same', async () => {
    const { connect } = await startListener({ limits: { headersMs: 300 } });
    const connection = connect();
    connection.socket.write('POST /webhooks/github HTTP/1.1\r\n');
    const trickle = setInterval(() => connection.socket.write('X-A: b\r\n'), 20);
    expect(await lifetime(connection)).toBeLessThan(2000);
    clearInterval(trickle);
    expect(connection.text()).toContain('headers_too_slow');
  });

  test('that trickles its body is told so and closed, and its bytes are given back', async () => {
    const { connect, post } = await startListener({ body: { bodyMs: 300, inFlightBytes: 100_000 } });
    const connection = connect();
    connection.socket.write(`${signedHead(90_000)}${'x'.repeat(80_000)}`);
    const trickle = setInterval(() => connection.socket.write('x'), 20);
    expect(parts(await connection.until(/\}\}$/))).toMatchObject({ status: 408, code: 'body_too_slow' });
    expect(await lifetime(connection)).toBeLessThan(4000);
    clearInterval(trickle);
    expect((await post(`{"a": "${'x'.repeat(90_000)}"}`)).status).toBe(202);
  });

  test('that goes away in the middle gives its bytes back', async () => {
    const { connect, post, log } = await startListener({ body: { inFlightBytes: 100_000 } });
    for (let round = 0; round < 5; round += 1) {
      const connection = connect();
      connection.socket.write(`${signedHead(90_000)}${'x'.repeat(80_000)}`);
      await once(connection.socket, 'connect');
      await systemClock.sleep(20);
      connection.socket.resetAndDestroy();
    }
    while (log.filter((line) => line.includes('body_incomplete')).length < 5) await systemClock.sleep(10);
    expect((await post(`{"a": "${'x'.repeat(90_000)}"}`)).status).toBe(202);
  });

  test('that sends half a body and says it is done is told it is malformed', async () => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.end(`${signedHead(100)}half`);
    await connection.closed;
    console.error(connection.text());
    expect(connection.text()).toContain('malformed_request');
  });

  test('that never reads its answers is let go', async () => {
    const { server, connect } = await startListener({ limits: { idleMs: 500 } });
    const connection = connect();
    connection.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await connection.until(/path_not_found/);
    connection.socket.pause();
    connection.socket.write(`GET /${'a'.repeat(190)} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(50_000));
    await systemClock.sleep(100);
    const from = performance.now();
    await server.close();
    expect(performance.now() - from).toBeLessThan(12_000);
  });
});

describe('what is not HTTP', () => {
  test.each([
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['noise', 'hello\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a length that is none', head(['Content-Length: many'])],
    ['two lengths', head(['Content-Length: 1', 'Content-Length: 2'])],
    ['a length and chunks', head(['Content-Length: 1', 'Transfer-Encoding: chunked'])],
    [
      'a chunk that is none',
      `${signedHead(0).replace('content-length: 0', 'transfer-encoding: chunked')}zz\r\n`,
    ],
    ['a header with a NUL', head(['X-A: a\0b'])],
    ['no host', 'POST /webhooks/github HTTP/1.1\r\n\r\n'],
  ])('%s is answered with 400 and closed', async (_name, bytes) => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.write(bytes, 'latin1');
    const text = await connection.until(/\}\}$/);
    expect(parts(text)).toMatchObject({ status: 400, code: 'malformed_request' });
    connection.socket.end();
    await connection.closed;
  });

  test('headers larger than 16 KiB are refused', async () => {
    const { connect } = await startListener();
    const connection = connect();
    connection.socket.write(head([`X-A: ${'a'.repeat(20_000)}`]));
    expect(parts(await connection.until(/\}\}$/))).toMatchObject({ status: 431, code: 'headers_too_large' });
    await connection.closed;
  });
});

describe('the listener itself', () => {
  const options = () => ({
    host: '127.0.0.1',
    port: 0,
    webhook: async () => {},
    log: createLogger({ level: 'silent', redactor: createRedactor() }),
    clock: systemClock,
  });

  test('a port that is taken, or an address that is not ours, is told as such', async () => {
    const { server } = await startListener();
    const port = Number(new URL(server.url).port);
    await expect(startPublicServer({ ...options(), port })).rejects.toMatchObject({
      code: 'listen_failed',
      message: expect.stringContaining(String(port)),
    });
    await expect(startPublicServer({ ...options(), host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'listen_failed',
    });
  });

  test('it names IPv6 addresses as URLs do', async () => {
    const server = await startPublicServer({ ...options(), host: '::1' });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(server.url)).status).toBe(404);
    await server.close();
  });

  test('closing finishes what is in flight and takes nothing new', async () => {
    let finish = (): void => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { server, post, log } = await startListener({
      deliveries: (store) => ({
        store: async (delivery) => {
          log.push('storing');
          await held;
          return await store.store(delivery);
        },
      }),
    });
    const answer = post('{"a": 1}');
    while (!log.includes('storing')) await systemClock.sleep(5);
    const closing = server.close();
    await expect(fetch(server.url)).rejects.toThrow();
    finish();
    expect((await answer).status).toBe(202);
    const from = performance.now();
    await closing;
    await server.close();
    expect(performance.now() - from).toBeLessThan(3000);
  });

  test('closing does not wait for connections that do nothing', async () => {
    const { server, connect } = await startListener();
    const connection = connect();
    connection.socket.write(rawDelivery('{"a": 1}'));
    await connection.until(/accepted/);
    const from = performance.now();
    await server.close();
    expect(performance.now() - from).toBeLessThan(3000);
    await connection.closed;
  });
});
