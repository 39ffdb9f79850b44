import { execFile } from 'node:child_process';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { randomId } from '../../src/base/ids.ts';
import { Secret } from '../../src/base/secret.ts';
import { composeApps } from '../../src/compose/apps.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { FakeLogin } from '../support/codex/login.ts';
import { writeCodexState } from '../support/codex/model.ts';
import { type GitServer, startGitServer } from '../support/git/server.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { makeApp, makeInstallation, type StoodApp } from '../support/github/apps.ts';
import { signatureOf, signedHeaders } from '../support/github/signed-request.ts';
import { selfSigned } from '../support/network/certificate.ts';
import { findSecrets, processesNow } from '../support/profiles/secret-search.ts';
import { appJson } from '../support/service/app-tokens.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

/** New each time: other tests on this machine may have processes of their own. */
const STATIC = `github_pat_11STATIC${randomId(40)}`;
const PASSPHRASE = `the passphrase ${randomId(20)}`;
const NAMED = `the named secret ${randomId(20)}`;
const WEBHOOK = `the webhook secret ${randomId(20)}`;

let dir: string;
let server: GitServer;
let github: GitHubApi;
let service: TestService;
let app: StoodApp;
let own: StoodApp;
let login: FakeLogin;
afterEach(async () => {
  await service.close();
  await github.close();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A service whose one stored App serves octo/hello, as `own` would, which is in a secret where `env` puts it; real git over HTTPS, and a run that does `script` once git is reachable. */
async function start(
  script: string,
  more: Record<string, unknown> = {},
  env: Record<string, string> | ((own: StoodApp) => Record<string, string>) = {},
) {
  dir = mkdtempSync(join(tmpdir(), 'gf-app-run-'));
  chmodSync(dir, 0o755);
  const certificate = selfSigned('localhost');
  for (const name of ['git', 'net']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'net/ca.pem'), certificate.cert);
  server = await startGitServer(join(dir, 'git'), certificate);
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  app = makeApp();
  app.installations.push(makeInstallation('octo', 'octo/hello'));
  own = makeApp();
  own.installations.push(makeInstallation('octo', 'octo/hello'));
  github.apps.apps.push(app, own);
  server.mood.accepts = (password) =>
    github.apps.tokens.some(({ value, expiresAt }) => value === password && expiresAt > Date.now());
  const { port } = new URL(server.url);
  const reach = `touch /workspace/waiting; until test -S /workspace/git.sock; do sleep 0.05; done
    socat TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/workspace/git.sock &
    export GIT_SSL_CAINFO=/net/ca.pem GIT_TERMINAL_PROMPT=0
    until socat -u /dev/null TCP:127.0.0.1:${port} 2>/dev/null; do sleep 0.05; done`;
  service = await startService({
    profiles: {
      'profile.json': shellProfile(`${reach}\n${script}`, {
        credentials: { github: { permissions: { contents: 'write' } }, codex: true, secrets: ['API_KEY'] },
        runtime: { dockerArgs: [`--mount`, `type=bind,src=${dir}/net,dst=/net,readonly`] },
        ...more,
      }),
    },
    env: {
      GITHUB_SERVER_URL: server.url,
      GITHUB_API_URL: github.url,
      GIT_SSL_CAINFO: join(dir, 'net/ca.pem'),
      GITHUB_FLOWS_PASSPHRASE: PASSPHRASE,
      WEBHOOK_SECRET_PREVIOUS: WEBHOOK,
      GITHUB_FLOWS_SECRET_API_KEY: NAMED,
      ...(typeof env === 'function' ? env(own) : env),
    },
  });
  login = writeCodexState(join(service.config.secretsDir, 'codex'));
  rmSync(join(dir, 'git'), { recursive: true });
  await promisify(execFile)('ln', ['-s', join(service.dir, 'git'), join(dir, 'git')]);
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  await composeApps({ config: service.config, redactor, log }).store.put({
    appId: app.id,
    privateKey: new Secret(app.pem),
    webhookSecret: new Secret(app.webhookSecret),
    apiUrl: github.url,
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function begin(): Promise<string> {
  const { id } = await service.deliver(commentPayload());
  return await until('the run is queued', async () => {
    const decision = (await service.app.deliveries.find(id))?.decision;
    return decision?.runId ?? undefined;
  });
}

/** Waits for a file that the run makes in its workspace; fails with the run's output when it ends before. */
async function made(runId: string, name: string): Promise<string> {
  const file = join(service.config.workspaceRoot, 'octo/hello');
  return await until(`the run made ${name}`, async () => {
    const [found] = globSync(`**/${name}`, { cwd: file });
    if (found) return join(file, found, '..');
    const run = await service.app.runs.find(runId);
    if (run?.state === 'ended') throw new Error(`${JSON.stringify(run.reason)}\n${service.output(runId)}`);
    return undefined;
  });
}

test('a grant that the App cannot give is told before anything starts', async () => {
  await start('true', {
    credentials: { github: { permissions: { contents: 'write', workflows: 'write' } } },
  });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'app_permission_missing' } });
  expect(run.reason?.message).toContain('workflows');
  expect(run.startedAt).toBeNull();
});

test('an App takes the place of the token file, with no more than each step needs, and no secret is anywhere but where the design has it', {
  timeout: 90_000,
}, async () => {
  await start(
    `cd repo; git fetch -q; echo more >> README.md; git commit -qam Pushed; touch /workspace/ready
     until [ -e /workspace/go-on ]; do sleep 0.05; done; git push -q origin HEAD:refs/heads/pushed; github-token`,
    {},
    { RUNTIME_PORT: String(await freePort()) },
  );
  writeFileSync(join(service.config.secretsDir, 'gh-token'), STATIC, { mode: 0o600 });
  const processes: string[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      processes.push(processesNow());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const runId = await begin();
  await server.listenAt(join(await made(runId, 'waiting'), 'git.sock'));
  const workspace = await made(runId, 'ready');
  const [container = ''] = await service.containers();
  const { stdout: inspected } = await promisify(execFile)('docker', ['inspect', container]);
  expect(inspected).toContain(
    `"${join(service.config.varDir, 'run-files', service.app.installation, runId)}"`,
  );
  const home = join(service.config.runDir, service.app.installation, runId);
  const bearer = readFileSync(join(home, 'secrets/runtime-token'), 'utf8');
  const url = /GITHUB_FLOWS_RUNTIME_URL=(\S+?)"/.exec(inspected)?.[1] ?? '';
  const ask = async () =>
    await fetch(`${url}/runtime/v1/github-token`, { headers: { authorization: `Bearer ${bearer}` } });
  const { token, expires_at } = (await (await ask()).json()) as { token: string; expires_at: string };
  expect(github.apps.tokens.find(({ value }) => value === token)?.permissions).toEqual({
    contents: 'write',
    metadata: 'read',
  });
  expect(Date.parse(expires_at)).toBeGreaterThan(Date.now() + 3_000_000);

  const tokenFile = join(home, 'secrets/gh-token');
  const before = readFileSync(tokenFile, 'utf8');
  await service.stop();
  await service.start();
  await until('the service that was started anew renewed the token', () =>
    readFileSync(tokenFile, 'utf8') === before ? undefined : true,
  );
  expect((await ask()).status).toBe(200);

  const secrets = {
    static: STATIC,
    passphrase: PASSPHRASE,
    key: app.pem.split('\n').slice(1, -2).join('\n'),
    keyLine: app.pem.split('\n')[5] ?? '',
    webhook: WEBHOOK,
    appWebhook: app.webhookSecret,
    bearer,
    named: NAMED,
    refreshToken: login.refreshToken,
    accessToken: login.accessToken,
    ...Object.fromEntries(github.apps.tokens.map(({ value }, index) => [`token${index}`, value])),
  };
  const allowed = ['gh-token', 'runtime-token', 'API_KEY', 'codex/auth.json'].map((name) =>
    join(home, 'secrets', name),
  );
  const inFiles = () => findSecrets(secrets, [service.config.varDir, service.config.runDir]);
  for (const place of [service.config.runDir, '/dev/shm/github-flows-*'])
    expect(globSync(join(place, `host-git-${service.app.installation}/*`))).toEqual([]);
  for (const file of allowed) expect(statSync(file).mode & 0o077).toBe(0);
  expect(inFiles().filter(({ file }) => !allowed.includes(file))).toEqual([]);
  expect(inFiles().filter(({ name }) => ['refreshToken', 'static', 'key', 'keyLine'].includes(name))).toEqual(
    [],
  );
  expect(new Set(inFiles().map(({ file }) => file))).toEqual(new Set(allowed));
  for (const [name, value] of Object.entries(secrets))
    expect({ name, found: inspected.includes(value) }).toEqual({ name, found: false });

  writeFileSync(join(workspace, 'go-on'), '');
  const run = await service.ended(runId);
  over = true;
  await watching;
  expect(run, service.output(runId)).toMatchObject({ outcome: 'succeeded' });
  expect(service.output(runId)).toContain('[masked]');
  expect(service.repository.git('log', '-1', '--format=%s', 'refs/heads/pushed')).toBe('Pushed');
  const asked = github.apps.tokens.map(({ permissions }) => permissions);
  expect(asked).toContainEqual({ contents: 'write', metadata: 'read' });
  expect(asked).toContainEqual({ contents: 'read', metadata: 'read' });
  expect(github.apps.tokens.every(({ repositories }) => repositories.join() === 'octo/hello')).toBe(true);
  const places = {
    processes: processes.join('\n'),
    log: JSON.stringify(service.log),
    output: service.output(runId),
  };
  for (const [place, said] of Object.entries(places))
    for (const [name, value] of Object.entries(secrets))
      for (const form of [value, Buffer.from(`x-access-token:${value}`).toString('base64')])
        expect({ place, name, found: said.includes(form) }).toEqual({ place, name, found: false });
  expect(inFiles()).toEqual([]);
  expect((await ask()).status).toBe(401);
  expect(globSync(join(service.config.varDir, 'run-files/*/*'))).toEqual([]);
  await service.stop();
  expect(inFiles()).toEqual([]);
  await service.start();
});

/** What a profile says that takes its App from a secret, and the environment that has it. */
const OF_SECRET = { credentials: { github: { app: 'OWN_APP', permissions: { contents: 'write' } } } };
const secretOf = (stood: StoodApp) => ({
  GITHUB_FLOWS_SECRET_OWN_APP: appJson(stood, { appId: stood.id, webhookSecret: stood.webhookSecret }),
});

test('the App in a secret that a profile names gives every token of its runs, also after a restart, to the runtime listener, for the pull request and the comment; no container, file or log has the secret', {
  timeout: 180_000,
}, async () => {
  const port = String(await freePort());
  await start(
    `cd repo; git fetch -q; echo more >> README.md; git commit -qam Pushed; touch /workspace/ready
     until [ -e /workspace/go-on ]; do sleep 0.05; done; git push -q origin HEAD:refs/heads/pushed
     echo again >> README.md; git commit -qam Published`,
    { ...OF_SECRET, report: { reaction: true, comment: 'always' }, publish: { as: 'pull-request' } },
    (stood) => ({ ...secretOf(stood), RUNTIME_PORT: port }),
  );
  github.git.root = join(service.dir, 'git');
  writeFileSync(join(service.config.secretsDir, 'gh-token'), STATIC, { mode: 0o600 });
  const body = JSON.stringify(commentPayload());
  const signedByIt = signedHeaders(body, {
    'x-hub-signature-256': signatureOf(body, own.webhookSecret),
    'x-github-hook-installation-target-id': String(own.id),
  });
  const answer = await fetch(`${service.app.url}/webhooks/github`, {
    method: 'POST',
    body,
    headers: signedByIt,
  });
  expect(answer.status).toBe(401);

  const runId = await begin();
  await server.listenAt(join(await made(runId, 'waiting'), 'git.sock'));
  const workspace = await made(runId, 'ready');
  const tokenFile = join(service.config.runDir, service.app.installation, runId, 'secrets/gh-token');
  const before = readFileSync(tokenFile, 'utf8');
  await service.stop();
  await service.start();
  const after = await until('the service that was started anew renewed the token', () => {
    const token = readFileSync(tokenFile, 'utf8');
    return token === before ? undefined : token;
  });
  for (const value of [before, after])
    expect(github.apps.tokens.find((token) => token.value === value)).toMatchObject({
      app: own.slug,
      repositories: ['octo/hello'],
      permissions: { contents: 'write', metadata: 'read' },
    });
  const [container = ''] = await service.containers();
  const { stdout: inspected } = await promisify(execFile)('docker', ['inspect', container]);
  const bearer = readFileSync(join(tokenFile, '../runtime-token'), 'utf8');
  const given = await fetch(`http://127.0.0.1:${port}/runtime/v1/github-token`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  expect(given.status).toBe(200);
  const { token: asked } = (await given.json()) as { token: string };
  expect(github.apps.tokens.find(({ value }) => value === asked)?.app).toBe(own.slug);
  const secrets = {
    key: own.pem.split('\n').slice(1, -2).join('\n'),
    keyLine: own.pem.split('\n')[5] ?? '',
    webhook: own.webhookSecret,
  };
  expect(findSecrets(secrets, [service.config.varDir, service.config.runDir])).toEqual([]);
  writeFileSync(join(workspace, 'go-on'), '');
  expect(await service.ended(runId), service.output(runId)).toMatchObject({ outcome: 'succeeded' });
  expect(service.repository.git('log', '-1', '--format=%an %s', 'refs/heads/pushed')).toBe(
    `${own.slug}[bot] Pushed`,
  );
  const branch = `github-flows/${runId}`;
  await until('the comment tells of the pull request', () =>
    github.comments.find((comment) => comment.body.includes('Opened pull request #100')),
  );
  expect(github.pulls).toMatchObject([{ number: 100, base: 'main' }]);
  expect(service.repository.git('log', '-1', '--format=%an %s', branch)).toBe(`${own.slug}[bot] Published`);
  const pushes = server.requests.filter(({ url }) => url.endsWith('/git-receive-pack'));
  const pushedWith = (authorization: string | undefined) =>
    github.apps.tokens.find(({ value }) => value === authorization?.split(':')[1]);
  expect(pushes.map(({ authorization }) => pushedWith(authorization)?.permissions)).toEqual([
    { contents: 'write', metadata: 'read' },
    { contents: 'write', issues: 'write', pull_requests: 'write' },
  ]);
  const posted = github.requests.filter(({ path }) => /\/(comments|pulls)$/.test(path));
  expect(posted.length).toBeGreaterThan(1);
  for (const { authorization } of posted)
    expect(github.apps.tokens.some(({ value }) => authorization?.endsWith(value))).toBe(true);
  expect(new Set(github.apps.tokens.map((token) => token.app))).toEqual(new Set([own.slug]));
  expect(JSON.stringify(github.requests)).not.toContain(STATIC);
  for (const said of [inspected, JSON.stringify(service.log), service.output(runId)])
    for (const [name, value] of Object.entries(secrets))
      expect({ name, found: said.includes(value) }).toEqual({ name, found: false });
});

test('a run whose profile names the App of a secret is refused where that is not installed, though others would serve', async () => {
  await start('true', OF_SECRET, (stood) => {
    stood.installations.length = 0;
    return secretOf(stood);
  });
  writeFileSync(join(service.config.secretsDir, 'gh-token'), STATIC, { mode: 0o600 });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'app_secret_not_serving' } });
  expect(run.reason?.message).toContain('OWN_APP');
  expect(github.apps.tokens).toEqual([]);
  expect(JSON.stringify(github.requests)).not.toContain(STATIC);
});
