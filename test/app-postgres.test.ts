import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { startApp } from '../src/compose/service.ts';
import { loadConfig } from '../src/config/load.ts';
import { sharedPostgres } from './support/databases/databases.ts';
import { signedHeaders } from './support/github/signed-request.ts';
import { makeGround } from './support/service/service.ts';

const PROFILE = {
  trigger: { event: 'issue_comment' },
  allow: { permission: 'any' },
  concurrency: { group: '{{repository}}#{{issueNumber}}', onBusy: 'drop' },
  execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1' } },
};

/** An engine that never answers, so that runs stay in the queue. */
const NO_ENGINE = { DOCKER_HOST: 'tcp://127.0.0.1:1', PORT: '0', ADMIN_PORT: '0' };

test('two services on one PostgreSQL decide each delivery once, and a group that drops takes one run', async () => {
  const database = `${await sharedPostgres()}&password=pass%40word`;
  const log: string[] = [];
  const start = async () => {
    const ground = makeGround({
      profiles: { 'a/profile.json': PROFILE },
      env: { ...NO_ENGINE, DATABASE_URL: database },
    });
    onTestFinished(() => rmSync(ground.dir, { recursive: true }));
    const config = loadConfig(ground.settings, ground.dir);
    const app = await startApp(config, { write: (line) => void log.push(line) });
    onTestFinished(async () => await app.stop(0));
    return app;
  };
  const services = [await start(), await start()] as const;
  expect(services[0].installation).toBe(services[1].installation);
  const bodies = Array.from({ length: 12 }, (_, id) =>
    JSON.stringify({
      action: 'created',
      comment: { id: id + 1, created_at: '2026-01-01T00:00:00Z', body: 'go', user: { login: 'alice' } },
      issue: { id: 1, number: 7, title: 't', body: null },
      repository: {
        id: 5,
        full_name: 'o/r',
        name: 'r',
        owner: { login: 'o' },
        default_branch: 'main',
        private: false,
      },
      sender: { login: 'alice', id: 9, type: 'User' },
    }),
  );
  await Promise.all(
    bodies.map(async (body, each) => {
      const { url } = services[each % 2 === 0 ? 0 : 1];
      const headers = signedHeaders(body);
      expect((await fetch(`${url}/webhooks/github`, { method: 'POST', headers, body })).status).toBe(202);
    }),
  );
  const { deliveries, runs } = services[0];
  await expect
    .poll(async () => (await deliveries.undecided({ limit: 20 })).length, { timeout: 20_000 })
    .toBe(0);
  const reasons = (await deliveries.list({ limit: 20 })).map(({ decision }) => decision?.reason).sort();
  expect(reasons).toEqual([...Array(11).fill('group_busy'), 'run_queued']);
  expect(await runs.list(10)).toHaveLength(1);
  expect(log.filter((line) => /could not be decided|pass@word|pass%40word/.test(line))).toEqual([]);
});
