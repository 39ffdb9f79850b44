import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createEngine } from '../../src/containers/engine/docker.ts';
import { engineCaller } from '../../src/containers/engine/engine-call.ts';

const dir = mkdtempSync(join(tmpdir(), 'gf-engine-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** An engine that answers as told, on a socket of its own. */
async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (dockerHost: string) => Promise<void>,
): Promise<void> {
  const socket = join(dir, `${process.hrtime.bigint()}.sock`);
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    await work(`unix://${socket}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const status = (code: number, message: string) => (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
};

const engineAt = (dockerHost: string) => createEngine({ dockerHost, clock: systemClock });

test('an engine that is not there is told with its address and the hint', async () => {
  await expect(engineAt(`unix://${dir}/nothing.sock`).ping()).rejects.toMatchObject({
    code: 'engine_unreachable',
    message: expect.stringContaining(`${dir}/nothing.sock cannot be reached (ENOENT)`),
    hint: expect.stringContaining('systemctl start docker'),
  });
  await expect(engineAt('tcp://127.0.0.1:1').ping()).rejects.toMatchObject({ code: 'engine_unreachable' });
});

test('an address that is none is refused at once', () => {
  for (const value of ['', 'unix://', 'unix://relative', 'ssh://host', 'tcp://', 'docker', 'http//x', '\0'])
    expect(() => engineAt(value)).toThrow(expect.objectContaining({ code: 'docker_host_invalid' }));
  for (const value of [
    'unix:///var/run/docker.sock',
    '/var/run/docker.sock',
    'tcp://127.0.0.1:2375',
    'https://h:2376',
  ])
    expect(() => engineAt(value)).not.toThrow();
});

test('statuses become codes that name the thing', async () => {
  await withServer(status(404, 'No such thing'), async (host) => {
    const engine = engineAt(host);
    await expect(engine.inspectImage('github-flows-base:latest')).rejects.toMatchObject({
      code: 'image_missing',
      hint: expect.stringContaining('npm run images'),
    });
    await expect(engine.inspectImage('alpine:3')).rejects.toMatchObject({
      hint: expect.stringContaining('docker pull alpine:3'),
    });
    await expect(engine.create({ Image: 'x', name: 'n' })).rejects.toMatchObject({ code: 'image_missing' });
    await expect(engine.inspect('abc')).rejects.toMatchObject({ code: 'container_gone' });
    await expect(engine.start('abc')).rejects.toMatchObject({ code: 'container_gone' });
    await expect(engine.stop('abc', 1)).rejects.toMatchObject({ code: 'container_gone' });
    await expect(engine.remove('abc')).resolves.toBeUndefined();
  });
  await withServer(status(409, 'Conflict'), async (host) => {
    const engine = engineAt(host);
    await expect(engine.create({ Image: 'x', name: 'n' })).rejects.toMatchObject({
      code: 'container_exists',
    });
    await expect(engine.kill('abc')).resolves.toBeUndefined();
  });
  await withServer(status(400, 'exec: "sh": not found'), async (host) => {
    await expect(engineAt(host).start('abcdef')).rejects.toMatchObject({
      code: 'container_not_started',
      message: expect.stringContaining('exec: "sh": not found'),
    });
  });
  await withServer(status(500, 'out of luck'), async (host) => {
    await expect(engineAt(host).info()).rejects.toMatchObject({
      code: 'engine_refused',
      message: expect.stringMatching(/status 500.*out of luck/),
    });
  });
});

test('what is so already is no error', async () => {
  await withServer(
    (_request, response) => void response.writeHead(304).end(),
    async (host) => {
      await expect(engineAt(host).start('abc')).resolves.toBeUndefined();
      await expect(engineAt(host).stop('abc', 1)).resolves.toBe(false);
    },
  );
});

test('an engine that does not answer is told in bounded time, whether or not the call can be broken off', async () => {
  await withServer(
    () => {},
    async (host) => {
      const call = engineCaller(host);
      const late = { what: 'describe itself', timeoutMs: 50 };
      await expect(call(late, (docker) => docker.version())).rejects.toMatchObject({
        code: 'engine_timeout',
        message: 'The Docker Engine did not describe itself within 0.05 s.',
      });
    },
  );
});

test('an engine that hangs up in the middle is unreachable, and a signal’s own reason comes through', async () => {
  await withServer(
    (request) => void request.socket.destroy(),
    async (host) => {
      await expect(engineAt(host).inspect('abc')).rejects.toMatchObject({ code: 'engine_unreachable' });
    },
  );
  await withServer(
    () => {},
    async (host) => {
      const stop = new AbortController();
      const waiting = engineAt(host).wait('abc', stop.signal);
      stop.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await expect(engineAt(host).logs('abc', {}, stop.signal)).rejects.toThrow('enough');
    },
  );
});

test('times and names go to the engine as they are', async () => {
  const urls: string[] = [];
  await withServer(
    (request, response) => {
      urls.push(request.url ?? '');
      status(404, 'no')(request, response);
    },
    async (host) => {
      const { signal } = new AbortController();
      const since = '2026-01-02T03:04:05.000000001Z';
      await engineAt(host)
        .logs('abc', { since, tail: 7 }, signal)
        .catch(() => {});
      await engineAt(host)
        .inspectImage('ghcr.io/a/b:Latest')
        .catch(() => {});
    },
  );
  expect(urls[0]).toContain('since=1767323045.000000001');
  expect(urls[0]).toContain('tail=7');
  expect(urls[1]).toBe('/images/ghcr.io/a/b%3ALatest/json');
});

test('the process’s own DOCKER_HOST is not used', async () => {
  const before = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
  try {
    await withServer(
      (_request, response) => void response.writeHead(200).end('OK'),
      async (host) => await expect(engineAt(host).ping()).resolves.toBeUndefined(),
    );
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  }
});
