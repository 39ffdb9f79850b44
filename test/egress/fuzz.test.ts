import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { helloFor } from '../support/network/client-hello.ts';
import {
  askConnect,
  echoServer,
  egressRun,
  HOST,
  plainServer,
  secureConnect,
} from '../support/network/egress.ts';
import { size } from '../support/suite/size.ts';

/** Sends chunks, breaks off or ends, and waits until the connection is gone. */
async function send(path: string, chunks: readonly Uint8Array[], breaksOff: boolean): Promise<void> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('error', () => {});
  socket.resume();
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise(setImmediate);
  }
  if (breaksOff) socket.destroy();
  else socket.end();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

describe('whatever a run sends to its proxy', () => {
  test('the proxy lives, the server gets only what began with its name, and every request is told', async () => {
    const hello = helloFor(HOST);
    const leaked: Buffer[] = [];
    const { port } = await plainServer((socket) => {
      let got = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (!got.subarray(0, hello.length).equals(hello.subarray(0, got.length))) leaked.push(got);
      });
      socket.on('end', () => socket.end());
    });
    const { socketPath, requests } = await egressRun(port, {
      limits: { requestMs: 2000, handshakeMs: 2000 },
    });
    const good = Buffer.from(`CONNECT ${HOST}:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const bytes = fc.uint8Array({ maxLength: 400 });
    const request = fc.oneof(
      { weight: 4, arbitrary: fc.constant(good) },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
          const changed = Buffer.from(good);
          changed[at] = byte;
          return changed;
        }),
      },
      {
        weight: 1,
        arbitrary: fc.string().map((host) => Buffer.from(`CONNECT ${host}:443 HTTP/1.1\r\n\r\n`)),
      },
      {
        weight: 1,
        arbitrary: fc.webUrl().map((url) => Buffer.from(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`)),
      },
      { weight: 1, arbitrary: bytes },
    );
    const rest = fc.array(fc.oneof(bytes, fc.constant(hello), fc.constant(helloFor('evil.example.org'))), {
      maxLength: 3,
    });
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);
    await fc.assert(
      fc.asyncProperty(request, rest, fc.boolean(), async (first, more, breaksOff) => {
        await send(socketPath, [first, ...more], breaksOff);
      }),
      { numRuns: size(400, 20_000), endOnFailure: true },
    );
    process.off('uncaughtException', note).off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(leaked).toEqual([]);
    expect(requests.length).toBeGreaterThan(100);
    expect((await askConnect(socketPath, 'evil.org:443')).status).toBe(403);
  });

  test('a flood of refused requests keeps the service answering', async () => {
    const { port } = await echoServer();
    const { socketPath, requests } = await egressRun(port);
    let running = true;
    const flood = Array.from({ length: 60 }, async () => {
      while (running) await askConnect(socketPath, 'evil.org:443').catch(() => {});
    });
    const gaps: number[] = [];
    for (let turn = 0; turn < size(50, 500); turn += 1) {
      const start = performance.now();
      await systemClock.sleep(10);
      gaps.push(performance.now() - start - 10);
    }
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    secure.destroy();
    running = false;
    await Promise.all(flood);
    expect(requests.length).toBeGreaterThan(60);
    expect(gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]).toBeLessThan(100);
  });

  test('more sockets than a run may have are closed unheard, told once, and others are let in when they are gone', async () => {
    const { socketPath, requests } = await egressRun(443, {
      allow: ['example.org'],
      limits: { connections: 4, requestMs: 5000 },
    });
    const sockets = Array.from({ length: 40 }, () => connect(socketPath).on('error', () => {}));
    const gone = (): number => sockets.filter(({ closed }) => closed).length;
    for (const socket of sockets) socket.resume();
    while (gone() < 32) await systemClock.sleep(10);
    expect(requests.map(({ reason }) => reason)).toEqual(['egress_too_many_connections']);
    for (const socket of sockets) socket.destroy();
    while (gone() < 40) await systemClock.sleep(10);
    await systemClock.sleep(20);
    expect((await askConnect(socketPath, 'evil.org:443')).status).toBe(403);
  });
});
