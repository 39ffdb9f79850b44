import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { parseAllowList } from '../../src/egress/allow-list.ts';
import { EGRESS_LIMITS } from '../../src/egress/limits.ts';
import { createEgress, EGRESS_SOCKET, type Egress } from '../../src/egress/proxy/sockets.ts';
import { hostLists } from '../../src/egress/shipped-lists.ts';
import {
  askConnect,
  echoServer,
  egressRun,
  HOST,
  openSocket,
  readAll,
  secureConnect,
} from '../support/network/egress.ts';
import { until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const { list } = parseAllowList(['example.org'], hostLists([]));

function egressIn(dirOf: (runId: string) => string): Egress {
  const egress = createEgress({
    dirOf,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    limits: EGRESS_LIMITS,
    privateHosts: [],
    resolve: async () => [],
  });
  onTestFinished(async () => await egress.closeAll());
  return egress;
}

/** The status that a run's proxy gives to a host that is not on its list. */
async function statusAt(socketPath: string): Promise<number> {
  return (await askConnect(socketPath, 'evil.org:443')).status;
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('the socket of a run', () => {
  test('is in a directory of its own that everybody may enter, and everybody may connect, whatever the umask', async () => {
    const root = await temporaryDirectory();
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    await egressIn((run) => join(root, `${run}-egress`)).open('a', list, () => {});
    expect(statSync(join(root, 'a-egress')).mode & 0o7777).toBe(0o755);
    const socket = statSync(join(root, 'a-egress', EGRESS_SOCKET));
    expect([socket.isSocket(), socket.mode & 0o777]).toEqual([true, 0o666]);
  });

  test('answers at once after a restart of the service, where a dead service left the old one', async () => {
    const root = await temporaryDirectory();
    const left = createServer().listen(join(root, EGRESS_SOCKET));
    await once(left, 'listening');
    const stale = join(root, 'stale');
    writeFileSync(stale, '');
    // A service that dies does not remove its socket: the name stays, and nobody listens.
    renameSync(join(root, EGRESS_SOCKET), stale);
    await new Promise((resolve) => left.close(resolve));
    renameSync(stale, join(root, EGRESS_SOCKET));
    await expect(openSocket(join(root, EGRESS_SOCKET))).rejects.toThrow('ECONNREFUSED');

    await egressIn(() => root).open('a', list, () => {});
    expect(await statusAt(join(root, EGRESS_SOCKET))).toBe(403);
  });

  test('replaces a file or a link in its place, follows none, and touches nothing else', async () => {
    for (const make of [
      (path: string) => writeFileSync(path, 'x'),
      (path: string) => symlinkSync('/etc/passwd', path),
      (path: string) => symlinkSync('nowhere', path),
    ]) {
      const root = await temporaryDirectory();
      make(join(root, EGRESS_SOCKET));
      writeFileSync(join(root, 'other'), 'x');
      await egressIn(() => root).open('a', list, () => {});
      expect(await statusAt(join(root, EGRESS_SOCKET))).toBe(403);
      expect(readdirSync(root).toSorted()).toEqual(['other', EGRESS_SOCKET]);
    }
    expect(statSync('/etc/passwd').isFile()).toBe(true);
  });

  test('may have a path of any length', async () => {
    const root = await temporaryDirectory();
    const deep = join(root, ...Array.from({ length: 12 }, () => 'a'.repeat(40)), 'ü b\\n');
    mkdirSync(dirname(deep), { recursive: true });
    const egress = egressIn(() => deep);
    await egress.open('a', list, () => {});
    const near = join(root, 'near');
    symlinkSync(deep, near);
    expect(join(deep, EGRESS_SOCKET).length).toBeGreaterThan(400);
    expect(await statusAt(join(near, EGRESS_SOCKET))).toBe(403);
    await egress.close('a');
    expect(readdirSync(deep)).toEqual([]);
  });

  test('that cannot be opened is told with its path, and leaves nothing open', async () => {
    const root = await temporaryDirectory();
    mkdirSync(join(root, 'busy', EGRESS_SOCKET), { recursive: true });
    writeFileSync(join(root, 'file'), '');
    symlinkSync(root, join(root, 'link'));
    const egress = egressIn((run) => join(root, run));
    await egress.close('none');
    const before = openFiles();
    for (const run of [
      'busy',
      'file',
      'link',
      'file/below',
      '../../proc/self/fdinfo',
      '../../proc/nowhere',
    ]) {
      await expect(egress.open(run, list, () => {})).rejects.toMatchObject({
        code: 'egress_socket_failed',
        message: expect.stringContaining(join(root, run)),
      });
    }
    expect(openFiles()).toBe(before);
    await egress.open('good', list, () => {});
    expect(await statusAt(join(root, 'good', EGRESS_SOCKET))).toBe(403);
  });
});

describe('closing', () => {
  test('removes the socket, ends its connections, tells each of them, and leaves nothing open', async () => {
    const { port } = await echoServer();
    const before = openFiles();
    const { egress, dir, socketPath, requests } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    const idle = await openSocket(socketPath);
    const ends = Promise.all([readAll(secure), readAll(idle)]);
    await egress.close('run');
    expect(requests.map(({ decision, reason }) => [decision, reason])).toEqual([
      ['granted', null],
      ['closed', 'egress_closed'],
    ]);
    expect(readdirSync(dir)).toEqual([]);
    await ends;
    secure.destroy();
    idle.destroy();
    await until('nothing is open', () => (openFiles() <= before ? true : undefined));
  });

  test('does not wait for names that are never found or servers that never answer', async () => {
    const { egress, socketPath, requests } = await egressRun(443, { resolve: () => new Promise(() => {}) });
    const asking = connect(socketPath);
    asking.on('error', () => {}).write(`CONNECT ${HOST}:443 HTTP/1.1\r\n\r\n`);
    await once(asking, 'connect');
    await systemClock.sleep(50);
    const start = performance.now();
    await egress.close('run');
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(requests.map(({ reason }) => reason)).toEqual(['egress_closed']);
  });

  test('one run leaves the others alone; closing all leaves none', async () => {
    const root = await temporaryDirectory();
    const egress = egressIn((run) => join(root, run));
    await Promise.all(['a', 'b', 'c'].map(async (run) => await egress.open(run, list, () => {})));
    await egress.close('b');
    await egress.close('b');
    await egress.close('never opened');
    expect(existsSync(join(root, 'b', EGRESS_SOCKET))).toBe(false);
    expect(await statusAt(join(root, 'a', EGRESS_SOCKET))).toBe(403);
    await egress.closeAll();
    expect(['a', 'b', 'c'].flatMap((run) => readdirSync(join(root, run)))).toEqual([]);
    await egress.closeAll();
  });

  test('and opening at once for one run take their turn', async () => {
    const root = await temporaryDirectory();
    const egress = egressIn(() => root);
    const before = openFiles();
    const work = Array.from({ length: 20 }, async (_, index) =>
      index % 3 === 2 ? await egress.close('a') : await egress.open('a', list, () => {}),
    );
    await Promise.all(work);
    expect(await statusAt(join(root, EGRESS_SOCKET))).toBe(403);
    await egress.close('a');
    expect(readdirSync(root)).toEqual([]);
    await until('nothing is open', () => (openFiles() <= before ? true : undefined));
  });
});

describe('opening a run that is open', () => {
  test('gives it the new list, and ends what the old one had granted', async () => {
    const { port } = await echoServer();
    const { egress, dir, socketPath } = await egressRun(port);
    const secure = await secureConnect(socketPath, `${HOST}:${port}`);
    const ended = readAll(secure);
    const told: string[] = [];
    await egress.open('run', list, ({ host }) => told.push(host));
    await ended;
    expect((await askConnect(join(dir, EGRESS_SOCKET), `${HOST}:${port}`)).status).toBe(403);
    expect(told).toEqual([HOST]);
  });
});
