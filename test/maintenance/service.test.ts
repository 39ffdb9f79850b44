import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { askAdmin } from '../support/service/admin-client.ts';
import { runCommand } from '../support/service/cli.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';

const PUBLIC_URL = 'https://flows.example.org';

let api: GitHubApi;
let service: TestService;
let settings: Record<string, string>;
beforeAll(async () => {
  api = await startGitHubApi();
  api.repositories.add('octo/hello');
  api.hooks.hooks = [
    { repository: 'octo/hello', id: 11, url: `${PUBLIC_URL}/webhooks/github`, active: true },
    { repository: 'octo/hello', id: 12, url: 'https://somebody.example/hook', active: true },
  ];
  const at = Date.now() - 60_000;
  api.hooks.deliveries['11'] = [{ id: 501, guid: 'never-arrived', at, statusCode: 502 }];
  api.hooks.deliveries['12'] = [{ id: 601, guid: 'somebody-elses', at, statusCode: 500 }];
  const env = { GITHUB_API_URL: api.url, REDELIVER_MISSED: 'on', PUBLIC_URL };
  service = await startService({
    profiles: { 'hello/profile.json': shellProfile('true') },
    env,
    prepare: (dir) => {
      settings = { ...env, VAR_DIR: join(dir, 'var'), PROFILES_DIR: join(dir, 'profiles') };
      settings.SECRETS_DIR = join(dir, 'secrets');
    },
  });
});
afterAll(async () => {
  await service.close();
  await api.close();
});

test('a service without a credential says so once, with the hint, and goes on', async () => {
  const told = await until('it is told', () =>
    service.log.find(({ msg }) => msg === 'missed deliveries cannot be listed'),
  );
  expect(told).toMatchObject({ code: 'github_credential_missing', source: 'the webhooks of octo/hello' });
});

test('what never arrived is asked for at the start, of the own webhook alone', async () => {
  writeFileSync(join(service.config.secretsDir, 'gh-token'), 'ghp_a-token-of-this-test\n', { mode: 0o600 });
  await service.stop();
  await service.start();
  await until('it was asked for', () => (api.hooks.attempts.includes(501) ? true : undefined));
  expect(api.hooks.attempts).toEqual([501]);
  const admin = { adminUrl: service.app.adminUrl, secretsDir: service.config.secretsDir };
  const lists = await until('the API tells it', async () => {
    const { redelivery } = (await askAdmin(admin, '/api/maintenance')).json as {
      redelivery: { at: number | null; lists: unknown };
    };
    return redelivery.at === null ? undefined : redelivery.lists;
  });
  expect(lists).toMatchObject([
    { source: 'webhook 11 of octo/hello', missing: 1, requested: 1, problem: null },
  ]);
});

test('`deliveries redeliver` requests once more by hand, and reports wrong times', async () => {
  const run = async (...args: string[]) => await runCommand(service.dir, settings, 'deliveries', ...args);
  const { code, out } = await run('redeliver', '--since', '6h', '--json');
  expect([code, JSON.parse(out)]).toMatchObject([0, [{ missing: 1, requested: 1 }]]);
  expect(api.hooks.attempts).toEqual([501, 501]);
  expect((await run('redeliver', '--since', '10s')).out).toContain('webhook 11 of octo/hello');
  expect(api.hooks.attempts.length).toBe(2);
  for (const time of ['soon', '2d2', '2999-01-01', '-1h'])
    expect((await run('redeliver', `--since=${time}`)).code).toBe(2);
  expect((await run('redeliver')).code).toBe(2);
});
