import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, startApp } from '../src/compose/service.ts';
import { loadConfig } from '../src/config/load.ts';
import { type GitHubApi, startGitHubApi } from './support/github/api.ts';
import { makeApp, makeInstallation } from './support/github/apps.ts';
import { signatureOf, signedHeaders } from './support/github/signed-request.ts';
import { runCommandWith } from './support/service/cli.ts';
import { commentPayload, type Ground, makeGround } from './support/service/service.ts';

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

const post = async (secret: string, targetId: string | undefined, payload: object) => {
  const body = JSON.stringify(payload);
  const headers = signedHeaders(body, {
    'x-hub-signature-256': signatureOf(body, secret),
    'x-github-hook-installation-target-id': targetId,
    'x-github-hook-installation-target-type': targetId && 'integration',
  });
  const response = await fetch(`${app?.url}/webhooks/github`, { method: 'POST', body, headers });
  const { delivery, error } = JSON.parse(await response.text()) as {
    delivery?: string;
    error?: { code: string };
  };
  return { status: response.status, delivery: delivery ?? '', code: error?.code };
};

const deliver = async (secret: string, targetId: string | undefined): Promise<number> =>
  (await post(secret, targetId, commentPayload())).status;

type Stood = ReturnType<typeof makeApp>;

/** Adds an App of the stand-in to the service with more of its file. */
const add = async (stood: Stood, more: object = {}): Promise<void> => {
  const { clientId, pem: privateKey, webhookSecret } = stood;
  const input = JSON.stringify({ githubAppInstallation: { clientId, privateKey, webhookSecret, ...more } });
  const added = await runCommandWith({ input }, ground.dir, ground.settings, 'app', 'add', '--file', '-');
  expect(added).toMatchObject({ code: 0 });
};

const by = async (stood: Stood, repository: string, more: object = {}) =>
  await post(stood.webhookSecret, String(stood.id), { ...commentPayload('Hi.', { repository }), ...more });

const decided = async (id: string): Promise<string | undefined> => {
  const decision = async () => (await app?.deliveries.find(id))?.decision?.reason;
  await expect.poll(decision, { timeout: 10_000 }).toBeDefined();
  return await decision();
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

test('an App’s secret brings what happens below the App’s pattern and in its installation, and nothing else is stored', async () => {
  app = await startApp(loadConfig(ground.settings, ground.dir), { write: (line) => void log.push(line) });
  const [acme, single] = [makeApp(), makeApp()];
  acme.installations.push(makeInstallation('acme', 'acme/site'));
  api.repositories.add('acme/site');
  api.apps.apps.push(acme, single);
  await add(acme, { urlPattern: '(?<baseUrl>https://github\\.com/acme)/.*' });
  await add(single, { installationId: 77 });
  const refused = { status: 403, code: 'signer_not_allowed' };
  expect(await by(acme, 'victim/site')).toMatchObject(refused);
  expect(await by(acme, 'acme-evil/site')).toMatchObject(refused);
  expect(await by(single, 'acme/site', { installation: { id: 78 } })).toMatchObject(refused);
  expect(await app.deliveries.list({ limit: 10 })).toEqual([]);
  const taken = await by(acme, 'acme/site');
  expect(taken.status).toBe(202);
  expect(await decided(taken.delivery)).not.toMatch(/^signer/);
  expect(log.join('')).toContain('signer_not_allowed');
});

test('what an App signs of a repository where it is not installed starts nothing, and nor does it when GitHub does not say', async () => {
  app = await startApp(loadConfig(ground.settings, ground.dir), { write: (line) => void log.push(line) });
  const [at, away, silent] = [makeApp(), makeApp(), makeApp()];
  at.installations.push(makeInstallation('octo', 'octo/hello'));
  api.repositories.add('octo/hello');
  api.apps.apps.push(at, away, silent);
  for (const each of [at, away, silent]) await add(each);
  expect(await decided((await by(at, 'octo/hello')).delivery)).not.toMatch(/^signer/);
  expect(await decided((await by(at, 'victim/site')).delivery)).toBe('signer_not_installed');
  expect(await decided((await by(away, 'octo/hello')).delivery)).toBe('signer_not_installed');
  api.misbehaveAt(/\/installation$/, { status: 500 }, 20);
  expect(await decided((await by(silent, 'octo/hello')).delivery)).toBe('signer_unknown');
});

test('an event of another GitHub than the one that is served is refused, whoever signed it', async () => {
  const settings = { ...ground.settings, GITHUB_SERVER_URL: 'https://ghe.example.com' };
  app = await startApp(loadConfig(settings, ground.dir), { write: (line) => void log.push(line) });
  const secret = ground.settings.WEBHOOK_SECRET ?? '';
  const of = async (address: object) => {
    const { repository, ...rest } = commentPayload();
    return await post(secret, undefined, { ...rest, repository: { ...(repository as object), ...address } });
  };
  const refused = { status: 403, code: 'host_not_served' };
  expect(await of({ html_url: 'https://github.com/octo/hello' })).toMatchObject(refused);
  expect(await of({ html_url: 'https://ghe.example.com:8443/octo/hello' })).toMatchObject(refused);
  expect(await of({ html_url: 'https://ghe.example.com.evil.example/octo/hello' })).toMatchObject(refused);
  expect(await of({ clone_url: 'https://github.com/octo/hello.git' })).toMatchObject(refused);
  expect(await of({ html_url: 'no address' })).toMatchObject(refused);
  expect(await app.deliveries.list({ limit: 10 })).toEqual([]);
  expect(await of({ html_url: 'https://GHE.example.com/octo/hello' })).toMatchObject({ status: 202 });
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
    { name: 'gh-token', detail: 'none; Apps are stored', problems: [] },
  ]);
});

test('the admin listener has the pages of the manifest flow, without a login', async () => {
  app = await startApp(loadConfig({ ...ground.settings, ADMIN_PORT: '0' }, ground.dir), { write: () => {} });
  const page = await fetch(`${app.adminUrl}/apps/new?state=x.y`);
  expect(page.status).toBe(400);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('app_state_invalid');
});
