import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import { EGRESS_LIMITS } from '../../src/egress/limits.ts';
import { createEgress, EGRESS_SOCKET } from '../../src/egress/proxy/sockets.ts';
import { gitHubHosts, hostLists } from '../../src/egress/shipped-lists.ts';
import { openEgress } from '../../src/flow/prepare/egress.ts';
import { askConnect, echoServer, HOST, secureConnect } from '../support/network/egress.ts';
import { until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Note = { kind: string; text: string; data?: Record<string, unknown> };

/** A run's way out to one server on loopback, and what its timeline gets. */
async function wayOut(port: number, allow = [`${HOST}:${port}`]) {
  const dir = await temporaryDirectory();
  const notes: Note[] = [];
  const egress = createEgress({
    dirOf: () => dir,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    limits: EGRESS_LIMITS,
    privateHosts: [`${HOST}:${port}`],
    resolve: async () => ['127.0.0.1'],
  });
  onTestFinished(async () => await egress.closeAll());
  const parts = {
    egress,
    privateHosts: () => [],
    hostLists: hostLists(
      AGENTS,
      gitHubHosts({ serverUrl: `https://${HOST}:${port}`, apiUrl: `https://${HOST}:${port}/api/v3` }),
    ),
    runs: { note: async (_id: string, entry: Note) => void notes.push(entry) },
    redactor: { mask: (text: string) => text.replaceAll('s3cret', '[masked]') },
    log: pino({ level: 'silent' }),
  };
  await openEgress(parts, { id: 'run' }, { allow });
  return { egress, notes, socketPath: join(dir, EGRESS_SOCKET) };
}

test('more refusals than a timeline has lines hide nothing that is done after them', async () => {
  const { port } = await echoServer();
  const { egress, notes, socketPath } = await wayOut(port);
  for (let index = 0; index < 2_100; index += 30)
    await Promise.all(
      Array.from({ length: 30 }, async (_, more) => await askConnect(socketPath, `x${index + more}.org:443`)),
    );
  const secure = await secureConnect(socketPath, `${HOST}:${port}`);
  await until('it is told', () => notes.find(({ data }) => data?.decision === 'granted'));
  expect(notes.length).toBeLessThan(120);
  secure.end('hello');
  await until('its end is told', () => notes.find(({ data }) => data?.decision === 'closed'));
  expect(notes.at(-1)).toMatchObject({ kind: 'egress', data: { host: HOST, port, reason: null, count: 1 } });
  expect(notes.at(-1)?.data?.bytesUp).toBeGreaterThan(5);
  expect(notes.at(-1)?.text).toMatch(/ Bytes sent: \d+, received: \d+\.$/);
  await egress.close('run');
  const refused = notes.filter(({ data }) => data?.decision === 'refused');
  expect(refused.reduce((sum, { data }) => sum + Number(data?.count), 0)).toBe(2_100);
});

test('what was only counted is in the timeline once the egress is closed, with the bytes of open connections', async () => {
  const { port } = await echoServer();
  const { egress, notes, socketPath } = await wayOut(port);
  const open = await Promise.all(
    Array.from({ length: 4 }, async () => await secureConnect(socketPath, `${HOST}:${port}`)),
  );
  await egress.closeAll();
  for (const socket of open) socket.destroy();
  expect(notes.map(({ data }) => [data?.decision, data?.reason, data?.count])).toEqual([
    ['granted', null, 1],
    ['closed', 'egress_closed', 1],
    ['granted', null, 3],
    ['closed', 'egress_closed', 3],
  ]);
  expect(notes[3]?.data?.bytesUp).toBeGreaterThan(300);
});

test('secrets in names of hosts are masked', async () => {
  const { egress, notes, socketPath } = await wayOut(1);
  for (let count = 0; count < 2; count += 1) await askConnect(socketPath, 's3cret.evil.org:443');
  await egress.close('run');
  expect(notes).toHaveLength(2);
  expect(JSON.stringify(notes)).not.toContain('s3cret');
});

test('a run with the list @github reaches the server that GITHUB_SERVER_URL names, on its port', async () => {
  const { port } = await echoServer();
  const { egress, notes, socketPath } = await wayOut(port, ['@github']);
  const secure = await secureConnect(socketPath, `${HOST}:${port}`);
  secure.end('hello');
  await egress.close('run');
  expect(notes[0]).toMatchObject({ data: { host: HOST, port, decision: 'granted' } });
});
