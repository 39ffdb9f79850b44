import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../src/base/clock.ts';
import { startApp } from '../src/compose/service.ts';
import { loadConfig } from '../src/config/load.ts';
import { type Ground, makeGround } from './support/service/service.ts';

const PROFILE = {
  trigger: { event: 'issue_comment', action: 'created' },
  execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1' } },
};

let server: Server;
let ground: Ground;
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(ground.dir, { recursive: true });
});

/** Something on a port of this machine that answers every request, late; gives the port. */
async function occupyPort(): Promise<number> {
  server = createServer((request, response) => {
    const answer = request.url?.endsWith('/_ping') ? 'OK' : '[]';
    clock.after(200, () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('a service whose port is taken leaves nothing at work behind it, can be started on another and stops once however often it is told', async () => {
  const port = await occupyPort();
  const engine = { DOCKER_HOST: `tcp://127.0.0.1:${port}` };
  ground = makeGround({ profiles: { 'a/profile.json': PROFILE }, env: { ...engine, PORT: String(port) } });
  const log: string[] = [];
  const start = async (settings: Record<string, string>) =>
    await startApp(loadConfig(settings, ground.dir), { write: (line) => void log.push(line) });
  await expect(start(ground.settings)).rejects.toMatchObject({ code: 'listen_failed' });
  const said = log.length;
  await clock.sleep(500);
  expect(log.slice(said)).toEqual([]);
  const app = await start({ ...ground.settings, PORT: '0' });
  await app.stop(0);
  await app.stop(0);
  expect(log.filter((line) => JSON.parse(line).msg === 'stopped')).toHaveLength(1);
  // Nothing else is told than that no engine answers there, and that this test keeps its runs' files on a disk.
  const told = log.map((line) => JSON.parse(line)).filter(({ level }) => level !== 'info');
  const codes = told.map(({ code, err }) => code ?? err?.code);
  expect([...new Set(codes)].toSorted()).toEqual(['engine_answer_invalid', 'run_dir_on_disk']);
});

test('a service that cannot make its VAR_DIR says so and what to do', async () => {
  await occupyPort();
  ground = makeGround({ profiles: { 'a/profile.json': PROFILE } });
  const settings = { ...ground.settings, VAR_DIR: '/dev/null/flows' };
  await expect(startApp(loadConfig(settings, ground.dir))).rejects.toMatchObject({
    code: 'var_dir_unusable',
    message: expect.stringContaining('/dev/null/flows'),
  });
});
