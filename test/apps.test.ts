import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, startApp } from '../src/app.ts';
import { loadConfig } from '../src/config/load.ts';
import { runCommandWith } from './support/cli.ts';
import { type GitHubApi, startGitHubApi } from './support/github-api.ts';
import { makeApp, makeInstallation } from './support/github-apps.ts';
import { commentPayload, type Ground, makeGround } from './support/service.ts';
import { signatureOf, signedHeaders } from './support/signed-request.ts';

const PROFILE = {
  trigger: { event: 'issue_comment' },
  execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1' } },
};

let api: GitHubApi;
let ground: Ground;
let app: App | undefined;
const log: string[] = [];

beforeEach(async () => {
  api = await startGitHubApi();
  const env = { DOCKER_HOST: 'tcp://127.0.0.1:9', GITHUB_API_URL: api.url };
  ground = makeGround({ profiles: { 'a/profile.json': PROFILE }, env });
});
afterEach(async () => {
  await app?.stop(0);
  app = undefined;
  rmSync(ground.dir, { recursive: true });
  await api.close();
});

const deliver = async (secret: string, targetId: string | undefined): Promise<number> => {
  const body = JSON.stringify(commentPayload());
  const headers = signedHeaders(body, {
    'x-hub-signature-256': signatureOf(body, secret),
    'x-github-hook-installation-target-id': targetId,
    'x-github-hook-installation-target-type': targetId && 'integration',
  });
  const response = await fetch(`${app?.url}/webhooks/github`, { method: 'POST', body, headers });
  await response.text();
  return response.status;
};

test('a living service takes the webhook secret of an App at once when another process adds it, for that App alone', async () => {
  app = await startApp(loadConfig(ground.settings, ground.dir), { write: (line) => void log.push(line) });
  const [stood, other] = [makeApp(), makeApp()];
  api.apps.apps.push(stood, other);
  expect(await deliver(stood.webhookSecret, String(stood.id))).toBe(401);
  for (const each of [stood, other]) {
    const file = { clientId: each.clientId, privateKey: each.pem, webhookSecret: each.webhookSecret };
    const input = JSON.stringify({ githubAppInstallation: file });
    const added = await runCommandWith({ input }, ground.dir, ground.settings, 'app', 'add', '--file', '-');
    expect(added.code).toBe(0);
    expect(await deliver(each.webhookSecret, String(each.id))).toBe(202);
  }
  expect(await deliver(stood.webhookSecret, String(other.id))).toBe(401);
  expect(await deliver(stood.webhookSecret, undefined)).toBe(401);
  expect(await deliver(stood.webhookSecret, `${stood.id} `.repeat(50))).toBe(401);
  expect(await deliver(ground.settings.WEBHOOK_SECRET ?? '', String(stood.id))).toBe(202);
  expect(log.join('')).not.toContain(stood.webhookSecret);
});

test('doctor tells what the Apps reach, and wants no token file beside them', async () => {
  const stood = makeApp();
  stood.installations.push(makeInstallation('octo', 'octo/hello'));
  api.apps.apps.push(stood);
  const keyed = ['app', 'add', '--client-id', stood.clientId, '--key-file', '-'];
  await runCommandWith({ input: stood.pem }, ground.dir, ground.settings, ...keyed);
  const { out } = await runCommandWith({}, ground.dir, ground.settings, 'doctor', '--json');
  const { checks } = JSON.parse(out) as { checks: { name: string; detail: string; problems: unknown[] }[] };
  expect(checks.filter(({ name }) => ['apps', 'gh-token'].includes(name))).toEqual([
    { name: 'apps', detail: `${stood.slug} on octo`, problems: [] },
    { name: 'gh-token', detail: 'none, for Apps are stored', problems: [] },
  ]);
});

test('the admin listener has the pages of the manifest flow, without a login', async () => {
  app = await startApp(loadConfig({ ...ground.settings, ADMIN_PORT: '0' }, ground.dir), { write: () => {} });
  const page = await fetch(`${app.adminUrl}/apps/new?state=x.y`);
  expect(page.status).toBe(400);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('app_state_invalid');
});
