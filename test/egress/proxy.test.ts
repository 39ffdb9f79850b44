import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { helloFor } from '../support/network/client-hello.ts';
import {
  askConnect,
  certificate,
  echoServer,
  egressRun,
  HOST,
  openSocket,
  plainServer,
  readAll,
  secureConnect,
} from '../support/network/egress.ts';
import { until } from '../support/service/service.ts';

async function echo(secure: TLSSocket, text: string): Promise<string> {
  secure.write(text);
  const [chunk] = (await once(secure, 'data')) as [Buffer];
  return chunk.toString();
}

describe('a request that the list has', () => {
  test('a request that the list has goes through, byte for byte, and is told when it is granted and when it is closed', async () => {
    const { port } = await echoServer();
    const { socketPath, requests } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    expect(await echo(secure, 'hello')).toBe('hello');
    expect(requests).toEqual([
      expect.objectContaining({ host: HOST, port, decision: 'granted', reason: null }),
    ]);

    secure.end();
    await until('it is told as closed', () => requests[1]);
    expect(requests[1]).toMatchObject({ host: HOST, port, decision: 'closed', reason: null });
    expect(requests[1]?.bytesUp).toBeGreaterThan(500);
    expect(requests[1]?.bytesDown).toBeGreaterThan(300);
    expect(requests[1]?.ms).toBeGreaterThanOrEqual(0);
    expect(requests).toHaveLength(2);
  });

  test('a request that the list has may be written in capitals and with a dot', async () => {
    const { port } = await echoServer();
    const { socketPath } = await egressRun(port);
    const secure = await secureConnect(socketPath, `GIT.Example.ORG.:${port}`, HOST);
    expect(await echo(secure, 'hello')).toBe('hello');
  });

  test('carries much both ways at once, at the pace of the slower side', async () => {
    const { port } = await echoServer();
    const { socketPath, requests } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    const sent = Buffer.alloc(24 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz');
    secure.write(sent);
    const got: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of secure) {
      got.push(chunk);
      bytes += chunk.length;
      if (bytes >= sent.length) break;
    }
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    await until('it is told as closed', () => requests[1]);
    expect(requests[1]?.bytesUp).toBeGreaterThan(sent.length);
  });

  test('a request that the list has is not read from the server while the client does not read', async () => {
    let sent = 0;
    const { port } = await tlsServer((socket) => {
      const more = (): void => {
        do sent += 65_536;
        while (socket.writable && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', more);
      more();
    });
    const { socketPath } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    secure.pause();
    let before = -1;
    await until('the server waits', async () => {
      const isStill = sent === before;
      before = sent;
      await systemClock.sleep(100);
      return isStill ? true : undefined;
    });
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    secure.destroy();
  });

  test('a request that the list has may stop sending before it has read everything', async () => {
    const { port } = await tlsServer((socket) => {
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk;
      });
      socket.on('end', () => socket.end(`you sent ${got}`));
    });
    const { socketPath, requests } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    secure.end('one two three');
    expect((await readAll(secure)).toString()).toBe('you sent one two three');
    await until('it is told as closed', () => requests[1]);
    expect(requests[1]?.reason).toBeNull();
  });

  test('a request that the list has may come with its first bytes in the same packet, or byte by byte', async () => {
    const { port, hellos } = await recordingServer();
    const { socketPath } = await egressRun(port);
    const hello = helloFor(HOST);
    const request = Buffer.from(`CONNECT ${HOST}:${port} HTTP/1.1\r\nHost: ${HOST}:${port}\r\n\r\n`);
    const quick = await openSocket(socketPath);
    quick.write(Buffer.concat([request, hello]));
    await until('the server has the hello', () => (hellos[0]?.length === hello.length ? true : undefined));
    expect(hellos[0]).toEqual(hello);

    const slow = await openSocket(socketPath);
    for (const byte of Buffer.concat([request, hello])) {
      slow.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await until('the server has the hello', () => (hellos[1]?.length === hello.length ? true : undefined));
    expect(hellos[1]).toEqual(hello);
  });

  test('a request that the list has of which sixty-four are open at once is answered, and the next one is refused until there is room', async () => {
    const { port } = await recordingServer();
    const { socketPath, reasons } = await egressRun(port);
    const open = await Promise.all(
      Array.from({ length: 64 }, async () => await askConnect(socketPath, `${HOST}:${port}`)),
    );
    expect(open.map(({ status }) => status)).toEqual(Array(64).fill(200));
    const next = await askConnect(socketPath, `${HOST}:${port}`);
    expect(next).toMatchObject({ status: 503, text: expect.stringContaining('64 connections') });
    expect(reasons()).toEqual(['egress_too_many_connections']);

    open[0]?.socket.destroy();
    await until('there is room', async () =>
      (await askConnect(socketPath, `${HOST}:${port}`)).status === 200 ? true : undefined,
    );
  });
});

describe('a request that the list does not have', () => {
  test('a request that the list does not have is refused with 403, told what there is, and never connected or even looked up', async () => {
    const { port, connections } = await echoServer();
    const asked: string[] = [];
    const { socketPath, requests } = await egressRun(port, {
      resolve: async (host) => {
        asked.push(host);
        return ['127.0.0.1'];
      },
    });
    const targets = [
      'evil.example.org:443',
      `${HOST}:443`,
      `example.org:${port}`,
      `x.${HOST}:${port}`,
      `${HOST}.evil.org:${port}`,
    ];
    for (const target of targets) {
      const { status, text } = await askConnect(socketPath, target);
      expect([target, status]).toEqual([target, 403]);
      expect(text).toContain(`It may reach ${HOST}:${port}.`);
    }
    expect(requests.map(({ decision, reason }) => `${decision} ${reason}`)).toEqual(
      targets.map(() => 'refused egress_not_listed'),
    );
    expect(requests[0]).toMatchObject({ host: 'evil.example.org', port: 443, bytesUp: 0, bytesDown: 0 });
    expect([asked, connections()]).toEqual([[], 0]);
  });

  test.each([
    '127.0.0.1:443',
    '[::1]:443',
    '127.1:443',
    '0x7f000001:443',
    '2130706433:443',
    '[::ffff:10.0.0.1]:443',
  ])('is refused as an address: %s', async (target) => {
    const { socketPath, reasons } = await egressRun(443, { allow: ['example.org'] });
    expect((await askConnect(socketPath, target)).status).toBe(403);
    expect(reasons()).toEqual(['egress_address_asked']);
  });

  test.each([
    'example.org',
    'example.org:',
    'example.org:0',
    'example.org:65536',
    'example.org:443:443',
    'https://example.org:443',
    'user@example.org:443',
    'example.org:443/',
    ':443',
    '*.org:443',
  ])('is refused as no request when it reads %s', async (target) => {
    const { socketPath, requests } = await egressRun(443, { allow: ['example.org'] });
    expect((await askConnect(socketPath, target)).status).toBe(400);
    expect(requests.map(({ reason, host }) => [reason, host])).toEqual([['egress_request_malformed', '']]);
  });
});

describe('plain HTTP', () => {
  test('plain HTTP is refused with 405 and a sentence that says what is possible, whatever it asks', async () => {
    const { socketPath, requests } = await egressRun(443, { allow: ['example.org'] });
    const asked = [
      'GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      'POST http://example.org/ HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\nabc',
      'PUT http://example.org/ HTTP/1.1\r\nHost: example.org\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
      'GET http://example.org/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n',
    ];
    for (const text of asked) {
      const socket = await openSocket(socketPath);
      socket.write(text);
      const answer = (await readAll(socket)).toString();
      expect(answer, text).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n/);
      expect(answer, text).toContain('It may reach example.org.');
      expect(answer.match(/HTTP\/1\.1/g), text).toHaveLength(1);
    }
    expect(requests.map(({ reason }) => reason)).toEqual(asked.map(() => 'egress_plain_http'));
    expect(requests.slice(0, 2).map(({ host, port }) => `${host}:${port}`)).toEqual([
      'example.org:80',
      'example.org:8080',
    ]);
  });

  test('plain HTTP ends the connection: a CONNECT behind it is not heard', async () => {
    const { port, connections } = await echoServer();
    const { socketPath } = await egressRun(port);
    const socket = await openSocket(socketPath);
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n\r\nCONNECT ${HOST}:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect((await readAll(socket)).toString()).not.toContain('200');
    expect(connections()).toBe(0);
  });
});

describe('bytes that are no request', () => {
  test('bytes that are no request are answered where they can be, and the connection ends', async () => {
    const { socketPath, reasons } = await egressRun(443, {
      allow: ['example.org'],
      limits: { requestMs: 300 },
    });
    const cases = [
      ['\0\0\0\0\r\n\r\n', '400'],
      ['CONNECT\r\n\r\n', '400'],
      ['CONNECT example.org:443 HTTP/9.9\r\n\r\n', '400'],
      ['CONNECT example.org:443\0 HTTP/1.1\r\n\r\n', '400'],
      [`CONNECT example.org:443 HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
      [`CONNECT ${'x'.repeat(20_000)}:443 HTTP/1.1\r\n\r\n`, '431'],
      ['CONNECT example.org:443 HTTP/1.1\r\n', '408'],
    ];
    for (const [text = '', status = ''] of cases) {
      const socket = await openSocket(socketPath);
      socket.write(text);
      expect((await readAll(socket)).toString().slice(0, 12), text.slice(0, 40)).toBe(`HTTP/1.1 ${status}`);
    }
    expect(new Set(reasons())).toEqual(new Set(['egress_request_malformed']));
  });

  test('bytes that are no request that never come end the connection, too', async () => {
    const { socketPath, reasons } = await egressRun(443, {
      allow: ['example.org'],
      limits: { requestMs: 200 },
    });
    const socket = await openSocket(socketPath);
    const began = performance.now();
    expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - began).toBeGreaterThan(150);
    expect(reasons()).toEqual(['egress_request_malformed']);
  });
});

describe('a name', () => {
  const allow = [`${HOST}:443`];

  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '192.168.1.1',
    '0.0.0.0',
    '::1',
    '::ffff:127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::1',
    'fd00:ec2::254',
    'fe80::1',
    'not an address',
  ])('that leads to %s is refused, and so it is when that is only one of its addresses', async (address) => {
    for (const addresses of [[address], ['140.82.121.4', address], [address, '2606:4700:4700::1111']]) {
      const { socketPath, reasons } = await egressRun(1, { allow, addresses: { [HOST]: addresses } });
      expect((await askConnect(socketPath, `${HOST}:443`)).status).toBe(403);
      expect(reasons()).toEqual(['egress_address_private']);
    }
  });

  test('a name that leads to a public address of this very machine is refused', async () => {
    const { socketPath, reasons } = await egressRun(1, {
      allow,
      addresses: { [HOST]: ['140.82.121.4'] },
      ownAddresses: () => ['10.0.0.9', '140.82.121.4'],
    });
    expect((await askConnect(socketPath, `${HOST}:443`)).status).toBe(403);
    expect(reasons()).toEqual(['egress_address_private']);
  });

  test('a name may lead to a private address on the one port that the policy names', async () => {
    const { port } = await echoServer();
    const { socketPath, reasons } = await egressRun(port, { allow: [`${HOST}:${port}`, `${HOST}:443`] });
    expect((await askConnect(socketPath, `${HOST}:${port}`)).status).toBe(200);
    expect((await askConnect(socketPath, `${HOST}:443`)).status).toBe(403);
    expect(reasons()).toEqual(['egress_address_private']);
  });

  test('a name that changes its answer is asked once, and only what was judged is connected to', async () => {
    const asked: string[] = [];
    const { port, connections } = await plainServer((socket) => socket.end());
    const { socketPath, reasons } = await egressRun(1, {
      allow: [`${HOST}:${port}`],
      limits: { connectMs: 200 },
      resolve: async (host) => {
        asked.push(host);
        return asked.length === 1 ? ['240.0.0.1'] : ['127.0.0.1'];
      },
    });
    expect((await askConnect(socketPath, `${HOST}:${port}`)).status).toBe(403);
    expect(asked).toEqual([HOST]);
    expect((await askConnect(socketPath, `${HOST}:${port}`)).status).toBe(403);
    expect(connections()).toBe(0);
    expect(reasons()).toEqual(['egress_address_private', 'egress_address_private']);
  });

  test('a name with several addresses is reached at one that answers, and asked once for them', async () => {
    const { port } = await echoServer();
    let asked = 0;
    const { socketPath } = await egressRun(port, {
      resolve: async () => {
        asked += 1;
        return ['127.0.0.9', '::1', '127.0.0.1'];
      },
    });
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    expect(await echo(secure, 'x')).toBe('x');
    expect(asked).toBe(1);
  });

  test('a name that does not exist, or whose server is not there, is answered with 502', async () => {
    const { port, connections } = await plainServer(() => {});
    const names = [
      `gone.example.org:${port}`,
      `broken.example.org:${port}`,
      `slow.example.org:${port}`,
      `${HOST}:1`,
    ];
    const { socketPath, requests } = await egressRun(1, {
      allow: names,
      privateHosts: names,
      limits: { connectMs: 200 },
      resolve: async (host) => {
        if (host.startsWith('broken')) throw Object.assign(new Error('x'), { code: 'ENOTFOUND' });
        if (host.startsWith('slow')) return await new Promise(() => {});
        return host.startsWith('gone') ? [] : ['127.0.0.1'];
      },
    });
    for (const name of names) expect((await askConnect(socketPath, name)).status, name).toBe(502);
    expect(requests.map(({ reason }) => reason)).toEqual([
      'egress_name_unknown',
      'egress_name_unknown',
      'egress_name_unknown',
      'egress_host_unreachable',
    ]);
    expect(requests.map(({ message }) => message)[1]).toContain('(ENOTFOUND)');
    expect(connections()).toBe(0);
  });
});

describe('a connection whose TLS', () => {
  test('a connection whose TLS names another server is ended with an alert, and the server gets nothing', async () => {
    const { port, hellos } = await recordingServer();
    const { socketPath, requests } = await egressRun(port);
    await expect(secureConnect(socketPath, `${HOST}:${port}`, 'evil.example.org')).rejects.toThrow(
      /alert access denied/,
    );
    await until('it is told', () => requests[0]);
    expect(requests[0]).toMatchObject({ decision: 'refused', reason: 'egress_name_differs' });
    expect(requests[0]?.message).toContain('"evil.example.org"');
    expect(requests).toHaveLength(1);
    expect(Buffer.concat(hellos)).toHaveLength(0);
  });

  test('a connection whose TLS names no server is ended likewise', async () => {
    const { port, hellos } = await recordingServer();
    const { socketPath, reasons } = await egressRun(port);
    await expect(secureConnect(socketPath, `${HOST}:${port}`, '')).rejects.toThrow(/alert access denied/);
    await until('it is told', () => reasons()[0]);
    expect(reasons()).toEqual(['egress_name_missing']);
    expect(Buffer.concat(hellos)).toHaveLength(0);
  });

  test.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: git.example.org\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['nothing at all', ''],
  ])('is %s instead is ended, and the server gets nothing', async (_name, text) => {
    const { port, hellos } = await recordingServer();
    const { socketPath, reasons } = await egressRun(port);
    const { socket } = await askConnect(socketPath, `${HOST}:${port}`);
    socket.end(text);
    await readAll(socket);
    await until('it is told', () => reasons()[0]);
    expect(reasons()).toEqual(['egress_not_tls']);
    expect(Buffer.concat(hellos)).toHaveLength(0);
  });

  test('a connection whose TLS never comes because the client has ended before it was connected is ended, too', async () => {
    const { port } = await recordingServer();
    const { socketPath, reasons } = await egressRun(port);
    for (let turn = 0; turn < 50; turn += 1) {
      const socket = await openSocket(socketPath);
      socket.end(`CONNECT ${HOST}:${port} HTTP/1.1\r\n\r\n`);
      await readAll(socket);
    }
    await until('they are told', () => reasons()[49]);
    expect(new Set(reasons())).toEqual(new Set(['egress_not_tls']));
  });

  test('a connection whose TLS does not begin in time is ended', async () => {
    const { port, hellos } = await recordingServer();
    const { socketPath, reasons } = await egressRun(port, { limits: { handshakeMs: 100 } });
    const { socket } = await askConnect(socketPath, `${HOST}:${port}`);
    socket.write(helloFor(HOST).subarray(0, 60));
    await readAll(socket);
    await until('it is told', () => reasons()[0]);
    expect(reasons()).toEqual(['egress_handshake_slow']);
    expect(Buffer.concat(hellos)).toHaveLength(0);
  });

  test('a connection whose TLS names another server only in its second ClientHello is ended before the server has that', async () => {
    const { port, hellos } = await recordingServer();
    const { socketPath, requests } = await egressRun(port);
    const { socket } = await askConnect(socketPath, `${HOST}:${port}`);
    socket.write(helloFor(HOST));
    await until('the server has the first', () => (hellos[0]?.length ? true : undefined));
    socket.write(helloFor('evil.example.org'));
    await readAll(socket);
    await until('it is told', () => requests[1]);
    expect(requests.map(({ decision, reason }) => [decision, reason])).toEqual([
      ['granted', null],
      ['closed', 'egress_name_differs'],
    ]);
    expect(Buffer.concat(hellos)).toEqual(helloFor(HOST));
  });

  test('a connection whose TLS needs a second ClientHello passes', async () => {
    const { port } = await tlsServer((socket) => void socket.pipe(socket), { ecdhCurve: 'P-384' });
    const { socketPath } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    expect(secure.getProtocol()).toBe('TLSv1.3');
    expect(await echo(secure, 'x')).toBe('x');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is of %s passes', async (version) => {
    const { port } = await tlsServer((socket) => void socket.pipe(socket), {
      minVersion: version,
      maxVersion: version,
    });
    const { socketPath } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    expect([secure.getProtocol(), await echo(secure, 'x')]).toEqual([version, 'x']);
  });
});

describe('a connection that was granted', () => {
  test('a connection that was granted ends when it is silent for too long, but not while bytes go one way', async () => {
    const { port } = await tlsServer((socket) => {
      let left = 12;
      const timer = setInterval(() => {
        if (left === 0) return clearInterval(timer);
        left -= 1;
        socket.write('x');
      }, 50);
    });
    const { socketPath, requests } = await egressRun(port, { limits: { idleMs: 300 } });
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    expect((await readAll(secure)).toString()).toBe('x'.repeat(12));
    await until('it is told', () => requests[1]);
    expect(requests[1]).toMatchObject({ decision: 'closed', reason: 'egress_idle' });
  });

  test('a connection that was granted ends when the run has spent its bytes, and nothing is granted afterwards', async () => {
    const { port } = await echoServer();
    const { socketPath, reasons } = await egressRun(port, { limits: { bytes: 100_000 } });
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    const got = readAll(secure);
    secure.write(Buffer.alloc(1_000_000));
    expect((await got).length).toBeLessThan(100_000);
    await until('it is told', () => reasons()[0]);
    const next = await askConnect(socketPath, `${HOST}:${port}`);
    expect(next.status).toBe(403);
    expect(reasons()).toEqual(['egress_byte_limit', 'egress_byte_limit']);
  });

  test('a connection that was granted that the server breaks off is broken off for the client, and told', async () => {
    const { port, sockets } = await recordingServer();
    const { socketPath, requests } = await egressRun(port);
    const { socket } = await askConnect(socketPath, `${HOST}:${port}`);
    socket.write(helloFor(HOST));
    await until('it is granted', () => requests[0]);
    sockets[0]?.resetAndDestroy();
    await readAll(socket);
    await until('it is told', () => requests[1]);
    expect(requests[1]).toMatchObject({ decision: 'closed', reason: 'egress_connection_broken' });
  });

  test('a connection that was granted that the client breaks off does not leave its server behind', async () => {
    const { port, sockets } = await recordingServer();
    const { socketPath, requests } = await egressRun(port);
    const { socket } = await askConnect(socketPath, `${HOST}:${port}`);
    socket.write(helloFor(HOST));
    await until('it is granted', () => requests[0]);
    socket.destroy();
    await until('the server’s side is closed', () => (sockets[0]?.closed ? true : undefined));
    await until('it is told', () => requests[1]);
  });
});

describe('through the proxy of the host’s own network', () => {
  async function upstreamProxy(
    status = 200,
  ): Promise<{ url: URL; asked: { target: string; login: string }[] }> {
    const asked: { target: string; login: string }[] = [];
    const server = createServer();
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    const { port } = await echoServer();
    server.on('connect', async (request, client: Socket) => {
      client.on('error', () => {});
      asked.push({ target: request.url ?? '', login: request.headers['proxy-authorization'] ?? '' });
      if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      const far = connect(port, '127.0.0.1').on('error', () => {});
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(far).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    });
    const { port: proxyPort } = server.address() as AddressInfo;
    return { url: new URL(`http://us%40er:pass@127.0.0.1:${proxyPort}`), asked };
  }

  test('requests go by their names, which that proxy looks up, with its login', async () => {
    const { url, asked } = await upstreamProxy();
    const { socketPath } = await egressRun(1, {
      allow: [HOST],
      upstreamProxy: url,
      resolve: async () => {
        throw new Error('nothing is looked up here');
      },
    });
    const secure = await secureConnect(socketPath, `${HOST}:443`);
    expect(await echo(secure, 'hello')).toBe('hello');
    const login = `Basic ${Buffer.from('us@er:pass').toString('base64')}`;
    expect(asked).toEqual([{ target: `${HOST}:443`, login }]);
  });

  test('lists and server names hold as they do without', async () => {
    const { url, asked } = await upstreamProxy();
    const { socketPath, reasons } = await egressRun(1, { allow: [HOST], upstreamProxy: url });
    expect((await askConnect(socketPath, 'evil.example.org:443')).status).toBe(403);
    expect(asked).toEqual([]);
    await expect(secureConnect(socketPath, `${HOST}:443`, 'evil.example.org')).rejects.toThrow();
    await until('it is told', () => reasons()[1]);
    expect(reasons()).toEqual(['egress_not_listed', 'egress_name_differs']);
  });

  test('what the policy names is reached without it', async () => {
    const { url, asked } = await upstreamProxy();
    const { port } = await echoServer();
    const { socketPath } = await egressRun(port, { upstreamProxy: url });
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    expect(await echo(secure, 'x')).toBe('x');
    expect(asked).toEqual([]);
  });

  test('what NO_PROXY covers is reached without it, and its addresses are judged as ever', async () => {
    const { url, asked } = await upstreamProxy();
    const { socketPath, reasons } = await egressRun(1, {
      allow: [HOST],
      upstreamProxy: url,
      isDirect: (host, port) => host === HOST && port === 443,
    });
    expect((await askConnect(socketPath, `${HOST}:443`)).status).toBe(403);
    expect([reasons(), asked]).toEqual([['egress_address_private'], []]);
  });

  test('its refusal, its silence and its absence are answered with 502', async () => {
    const { url } = await upstreamProxy(407);
    const silent = await plainServer(() => {});
    for (const upstream of [url, new URL(`http://127.0.0.1:${silent.port}`), new URL('http://127.0.0.1:1')]) {
      const { socketPath, reasons } = await egressRun(1, {
        allow: [HOST],
        upstreamProxy: upstream,
        limits: { connectMs: 300 },
      });
      expect((await askConnect(socketPath, `${HOST}:443`)).status).toBe(502);
      expect(reasons()).toEqual(['egress_host_unreachable']);
    }
  });
});

/** A TLS server on loopback, closed with the test. */
async function tlsServer(
  onSocket: (socket: TLSSocket) => void,
  options: object = {},
): Promise<{ port: number }> {
  const server = createTlsServer({ ...certificate, allowHalfOpen: true, ...options }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port };
}

/** A server that says nothing and keeps what each connection sent. */
async function recordingServer(): Promise<{ port: number; hellos: Buffer[]; sockets: Socket[] }> {
  const hellos: Buffer[] = [];
  const sockets: Socket[] = [];
  const { port } = await plainServer((socket) => {
    const index = sockets.push(socket) - 1;
    hellos[index] = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      hellos[index] = Buffer.concat([hellos[index] ?? Buffer.alloc(0), chunk]);
    });
    socket.on('end', () => socket.end());
  });
  return { port, hellos, sockets };
}
