import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { FlowError } from '../../src/base/errors.ts';
import { createEngine, type Engine } from '../../src/containers/engine/docker.ts';
import { engineCaller } from '../../src/containers/engine/engine-call.ts';

const dir = mkdtempSync(join(tmpdir(), 'gf-hostile-engine-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What takes the engine's place and sends these bytes to whoever asks. */
async function withAnswers(
  answer: (socket: Socket, request: string) => void,
  work: (dockerHost: string, open: ReadonlySet<Socket>) => Promise<void>,
): Promise<void> {
  const path = join(dir, `${process.hrtime.bigint()}.sock`);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk: Buffer) => answer(socket, chunk.toString()));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await work(`unix://${path}`, open);
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const signal = new AbortController().signal;

/** Every call that reads an answer. */
const CALLS: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
  ping: (engine) => engine.ping(),
  info: (engine) => engine.info(),
  inspectImage: (engine) => engine.inspectImage('a:b'),
  ensureNetwork: (engine) => engine.ensureNetwork(),
  checkNetwork: (engine) => engine.checkNetwork('n'),
  checkVolume: (engine) => engine.checkVolume('v'),
  create: (engine) => engine.create({ Image: 'a', name: 'n' }),
  inspect: (engine) => engine.inspect('abc'),
  find: (engine) => engine.find(['a=b']),
  list: (engine) => engine.list('i'),
  orphanResources: (engine) => engine.orphanResources('i'),
};

/** Those whose answer is but a status, or a stream. */
const OTHER_CALLS: typeof CALLS = {
  start: (engine) => engine.start('abc'),
  stop: (engine) => engine.stop('abc', 0),
  kill: (engine) => engine.kill('abc'),
  remove: (engine) => engine.remove('abc'),
  removeEnded: (engine) => engine.removeEnded('abc'),
  wait: (engine) => engine.wait('abc', signal),
  logs: (engine) => engine.logs('abc', {}, signal),
  attach: (engine) => engine.attach('abc', signal),
  attachTerminal: (engine) => engine.attachTerminal('abc', signal),
  resize: (engine) => engine.resize('abc', { rows: 1, columns: 1 }),
};

const http = (status: string, body: string, ...headers: string[]): string =>
  [
    `HTTP/1.1 ${status}`,
    ...headers,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');

const redirect = (status: string, location: string) => http(status, '', `location: ${location}`);

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FlowError);
  return (error as FlowError).code;
}

describe('redirects are not followed, and have a code', () => {
  test.each([
    ['301', redirect('301 Moved Permanently', 'http://no-such-host.invalid/')],
    ['302', redirect('302 Found', 'https://no-such-host.invalid/')],
    ['303', redirect('303 See Other', '/images/x/json')],
    ['307', redirect('307 Temporary Redirect', 'ftp://no-such-host.invalid/')],
    ['308', redirect('308 Permanent Redirect', 'javascript:alert(1)')],
    ['an address that is none', redirect('301 Moved Permanently', 'http://[')],
    ['no address', http('301 Moved Permanently', '')],
    ['a body beside it', http('302 Found', '<html>'.repeat(1000), 'location: /else')],
  ])('%s', async (_name, bytes) => {
    await withAnswers(
      (socket) => socket.end(bytes),
      async (host) => {
        const engine = createEngine({ dockerHost: host, clock: systemClock });
        for (const [name, call] of Object.entries({ ...CALLS, ...OTHER_CALLS }))
          expect(`${name} ${await codeOf(call(engine))}`).toBe(`${name} engine_redirects`);
      },
    );
  });
});

describe('an answer that no engine gives is one error of a known code, and the process lives', () => {
  const invalid = 'engine_answer_invalid';
  test.each([
    ['a page of HTML', http('200 OK', '<html>hello</html>', 'content-type: text/html'), [invalid]],
    ['JSON that is cut', http('200 OK', '{"Id": "ab'), [invalid]],
    ['nothing', http('200 OK', ''), [invalid]],
    ['null', http('200 OK', 'null'), [invalid]],
    ['a number', http('200 OK', '7'), [invalid]],
    ['text instead of an object', http('200 OK', '"OK, but no object"'), [invalid]],
    ['objects with fields of other types', http('200 OK', '{"Id": 7, "State": [], "Volumes": 3}'), [invalid]],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nnothing that an engine says', [invalid]],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', [invalid]],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x46', [invalid]],
    ['headers without an end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(200_000)}\r\n\r\n`, [invalid]],
    ['another protocol', 'HTTP/1.1 101 Switching\r\nupgrade: tcp\r\nconnection: upgrade\r\n\r\n', [invalid]],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', [invalid]],
    ['chunks that are none', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', [invalid]],
    ['less than it said', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Id":', ['engine_unreachable']],
    ['half a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\nab', ['engine_unreachable']],
    ['an end at once', '', ['engine_unreachable']],
    [
      '500 with a page',
      http('500 Internal Server Error', '<h1>oops</h1>'.repeat(10_000)),
      ['engine_refused'],
    ],
    ['a status that is none', http('799 What', '{"message": []}'), ['engine_refused']],
    ['502 of a proxy', http('502 Bad Gateway', ''), ['engine_refused']],
  ])('%s', async (_name, bytes, codes) => {
    await withAnswers(
      (socket) => socket.end(Buffer.from(bytes, 'latin1')),
      async (host) => {
        const engine = createEngine({ dockerHost: host, clock: systemClock });
        for (const [name, call] of Object.entries(CALLS))
          expect(codes, name).toContain(await codeOf(call(engine)));
        for (const call of Object.values(OTHER_CALLS))
          await call(engine).catch((error: unknown) => expect(error).toBeInstanceOf(FlowError));
      },
    );
  });

  test('an answer without an end is given up when it is larger than any engine’s', async () => {
    await withAnswers(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const chunk = Buffer.alloc(1024 * 1024, 'x');
        const pour = (): void => {
          if (!socket.destroyed) socket.write(chunk, pour);
        };
        pour();
      },
      async (host) => {
        const engine = createEngine({ dockerHost: host, clock: systemClock });
        await expect(engine.info()).rejects.toMatchObject({
          code: 'engine_answer_invalid',
          message: expect.stringContaining('more than 64 MiB'),
        });
      },
    );
  });

  test('a request that is given up does not stay open, whatever call it was', async () => {
    await withAnswers(
      () => undefined,
      async (host, open) => {
        const late = { what: 'describe an image', timeoutMs: 50 };
        await expect(
          engineCaller(host)(late, (docker) => docker.getImage('a').inspect()),
        ).rejects.toMatchObject({ code: 'engine_timeout' });
        await vi.waitFor(() => expect(open.size).toBe(0), 10_000);
      },
    );
  });

  test('a name that no image has is not sent', async () => {
    const asked: string[] = [];
    await withAnswers(
      (socket, request) => {
        asked.push(request);
        socket.end(redirect('301 Moved Permanently', 'http://images/'));
      },
      async (host) => {
        const engine = createEngine({ dockerHost: host, clock: systemClock });
        for (const name of ['ghcr.io/acme/', 'ghcr.io//x/y', 'http://ghcr.io/x/y', 'a//b', 'x/../y', ''])
          await expect(engine.inspectImage(name)).rejects.toMatchObject({ code: 'image_name_invalid' });
      },
    );
    expect(asked).toEqual([]);
  });
});
