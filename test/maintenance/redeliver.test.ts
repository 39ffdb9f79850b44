import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Db } from '../../src/db/open.ts';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { hookSources } from '../../src/maintenance/hook-sources.ts';
import { type RedeliveryParts, redeliverMissing, type Source } from '../../src/maintenance/redeliver.ts';
import { startRedelivery } from '../../src/maintenance/redelivery-loop.ts';
import { createRedeliveryStore } from '../../src/maintenance/redelivery-store.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { until } from '../support/service/service.ts';
import { settableClock } from '../support/suite/fake-clock.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const HOUR = 3_600_000;
const log = createLogger({ level: 'silent', redactor: createRedactor() });

let api: GitHubApi;
beforeAll(async () => {
  api = await startGitHubApi();
  api.repositories.add('octo/hello');
});
afterAll(async () => await api.close());
beforeEach(() => {
  Object.assign(api.hooks, { hooks: [], deliveries: {}, attempts: [], pageSize: 100 });
  api.requests.length = 0;
});

const client = () => createGitHubClient({ apiUrl: api.url, log, token: async () => 'a-token' });

describe('a list of deliveries', () => {
  async function parts(
    given?: Db,
  ): Promise<RedeliveryParts & { clock: ReturnType<typeof settableClock>; source: Source }> {
    const db = given ?? (await openNewSqlite(join(await temporaryDirectory(), 'test.db')));
    if (!given) onTestFinished(db.close);
    const clock = settableClock();
    const deliveries = createDeliveryStore(db, clock);
    const body = Buffer.from('{}');
    const common = { event: 'ping', headers: {}, body, action: null, repository: null, uniqueBody: true };
    await deliveries.store({ id: 'stored', ...common });
    const requests = createRedeliveryStore(db, clock);
    await requests.watchingSince();
    const source: Source = { key: 'app:x', name: 'App x', client: client(), place: { kind: 'app' } };
    return { deliveries, requests, clock, pages: new LRUCache({ max: 10 }), source };
  }

  const failed = (id: number, guid: string, at: number) => ({ id, guid, at, statusCode: 502 });

  test('what failed and is not stored is asked for, oldest first, over all pages back to the window', async () => {
    const { clock, source, ...rest } = await parts();
    const now = clock.now();
    api.hooks.pageSize = 2;
    api.hooks.deliveries.app = [
      failed(6, 'f', now - 1000),
      failed(5, 'e', now - 2000),
      failed(4, 'stored', now - 3000),
      failed(3, 'c', now - 4000),
      failed(2, 'b', now - 2 * HOUR),
      failed(1, 'a', now - 3 * HOUR),
      failed(0, 'z', now - 4 * HOUR),
    ];
    const result = await redeliverMissing({ clock, ...rest }, source, { since: now - HOUR, insist: false });
    expect(result).toMatchObject({ missing: 3, requested: 3, problem: null });
    expect(api.hooks.attempts).toEqual([3, 5, 6]);
    expect(api.requests.filter(({ method }) => method === 'GET').length).toBe(3);
  });

  eachDatabase((_kind, databases) => {
    test('each is asked for three times at the most, also by services that begin anew, and a list that has not changed is not read again', async () => {
      const { clock, source, ...rest } = await parts((await databases.open()).db);
      api.hooks.deliveries.app = [failed(1, 'a', clock.now() - 1000)];
      const look = async () =>
        await redeliverMissing({ clock, ...rest }, source, { since: clock.now() - 24 * HOUR, insist: false });
      for (let time = 0; time < 6; time += 1) {
        await look();
        clock.time += HOUR;
      }
      expect(api.hooks.attempts).toEqual([1, 1, 1]);
      rest.pages.clear();
      await look();
      expect(api.hooks.attempts.length).toBe(3);
      const conditions = api.requests
        .filter(({ method }) => method === 'GET')
        .map((each) => each.ifNoneMatch);
      expect(conditions.map((condition) => condition !== undefined)).toEqual([
        ...[false, true, true, true, true, true],
        false,
      ]);
      const insisting = await redeliverMissing({ clock, ...rest }, source, { since: 0, insist: true });
      expect(insisting.requested).toBe(1);
    });
  });

  test('a delivery that arrives is not asked for any more', async () => {
    const { clock, source, deliveries, ...rest } = await parts();
    api.hooks.deliveries.app = [failed(1, 'stored', clock.now() - 1000)];
    const result = await redeliverMissing({ clock, deliveries, ...rest }, source, { since: 0, insist: true });
    expect([result.missing, api.hooks.attempts]).toEqual([0, []]);
  });

  test.each([401, 403, 404, 429])('an answer of %i is a problem and no error of the loop', async (status) => {
    const { clock, source, ...rest } = await parts();
    api.misbehave({ status, headers: status === 429 ? { 'retry-after': '60' } : {} });
    const result = await redeliverMissing({ clock, ...rest }, source, { since: 0, insist: false });
    expect(result.problem?.code).toMatch(/^github_/);
    expect(result.requested).toBe(0);
  });
});

describe('the hooks of repositories', () => {
  const repositories = () => [{ repository: 'octo/hello', client: client() }];

  test('count when they deliver to this service, or when something came from them, and others never', async () => {
    const hook = { repository: 'octo/hello', active: true };
    api.hooks.hooks = [
      { ...hook, id: 1, url: 'https://flows.example.org/webhooks/github' },
      { ...hook, id: 2, url: 'https://somebody.example/webhooks/github' },
      { ...hook, id: 3, url: 'https://smee.io/abc' },
      { ...hook, id: 4, url: 'https://flows.example.org/webhooks/github', active: false },
    ];
    const publicUrl = 'https://flows.example.org';
    const { sources, problems } = await hookSources(repositories(), { publicUrl, heardOf: new Set([3]) });
    expect(sources.map(({ key }) => key)).toEqual(['hook:octo/hello:1', 'hook:octo/hello:3']);
    expect(problems).toEqual([]);
  });

  test('that a credential may not see are a problem with its hint', async () => {
    api.misbehave({ status: 404 });
    const { problems } = await hookSources(repositories(), { publicUrl: undefined, heardOf: new Set() });
    expect(problems).toMatchObject([{ problem: { code: 'hooks_not_readable' } }]);
  });
});

test('a credential that is not allowed is told once, however often it is asked', async () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    redactor: createRedactor(),
    destination: { write: (line) => lines.push(line) },
  });
  const db = await openNewSqlite(join(await temporaryDirectory(), 'test.db'));
  let looks = 0;
  const problem = { code: 'hooks_not_readable', message: 'No.', hint: 'Do.' };
  const loop = startRedelivery({
    deliveries: createDeliveryStore(db, systemClock),
    requests: createRedeliveryStore(db, systemClock),
    pages: new LRUCache({ max: 10 }),
    sources: async () => {
      looks += 1;
      return { sources: [], problems: [{ name: 'the webhooks of octo/hello', problem }] };
    },
    everyMs: 5,
    backMs: HOUR,
    clock: systemClock,
    log: logger,
  });
  await until('it looked five times', () => (looks >= 5 ? true : undefined));
  await loop.stop();
  await db.close();
  expect(lines.filter((line) => line.includes('hooks_not_readable')).length).toBe(1);
  expect(loop.last().lists).toMatchObject([{ problem }]);
});
