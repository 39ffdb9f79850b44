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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { joinApps } from '../../src/join-apps.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { selfSigned } from '../support/certificate.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type GitHubApi, startGitHubApi } from '../support/github-api.ts';
import { makeApp, makeInstallation, type StoodApp } from '../support/github-apps.ts';
import { findSecrets, processesNow } from '../support/secret-search.ts';
import { commentPayload, shellProfile, startService, type TestService, until } from '../support/service.ts';
import { TEST_SECRET } from '../support/signed-request.ts';

const STATIC = 'github_pat_11STATIC0123456789abcdefghijklmnopqrstuvwxyz';
const PASSPHRASE = 'the passphrase of the test of Apps';

let dir: string;
let server: GitServer;
let github: GitHubApi;
let service: TestService;
let app: StoodApp;
afterEach(async () => {
  await service.close();
  await github.close();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A service whose one App serves octo/hello, real git over HTTPS, and a run that does `script` once git is reachable. */
async function start(script: string, more: Record<string, unknown> = {}, env: Record<string, string> = {}) {
  dir = mkdtempSync(join(tmpdir(), 'gf-app-run-'));
  chmodSync(dir, 0o755);
  const certificate = selfSigned('localhost');
  for (const name of ['git', 'net']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'net/ca.pem'), certificate.cert);
  server = await startGitServer(join(dir, 'git'), certificate);
  await server.listenAt(join(dir, 'net/git.sock'));
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  app = makeApp();
  app.installations.push(makeInstallation('octo', 'octo/hello'));
  github.apps.apps.push(app);
  server.mood.accepts = (password) =>
    github.apps.tokens.some(({ value, expiresAt }) => value === password && expiresAt > Date.now());
  const { port } = new URL(server.url);
  const reach = `socat TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/net/git.sock &
    export GIT_SSL_CAINFO=/net/ca.pem GIT_TERMINAL_PROMPT=0
    until socat -u /dev/null TCP:127.0.0.1:${port} 2>/dev/null; do sleep 0.05; done`;
  service = await startService({
    profiles: {
      'profile.json': shellProfile(`${reach}\n${script}`, {
        credentials: { github: { permissions: { contents: 'write' } } },
        runtime: { dockerArgs: [`--mount`, `type=bind,src=${dir}/net,dst=/net,readonly`] },
        ...more,
      }),
    },
    env: {
      GITHUB_SERVER_URL: server.url,
      GITHUB_API_URL: github.url,
      GIT_SSL_CAINFO: join(dir, 'net/ca.pem'),
      GITHUB_FLOWS_PASSPHRASE: PASSPHRASE,
      ...env,
    },
  });
  rmSync(join(dir, 'git'), { recursive: true });
  await promisify(execFile)('ln', ['-s', join(service.dir, 'git'), join(dir, 'git')]);
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  await joinApps({ config: service.config, redactor, log }).store.put({
    appId: app.id,
    privateKey: new Secret(app.pem),
    webhookSecret: new Secret(app.webhookSecret),
    apiUrl: github.url,
  });
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
    { RUNTIME_PORT: '0' },
  );
  writeFileSync(join(service.config.secretsDir, 'gh-token'), STATIC, { mode: 0o600 });
  const processes: string[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      processes.push(processesNow());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const runId = await begin();
  const workspace = await made(runId, 'ready');
  const [container = ''] = await service.containers();
  const { stdout: inspected } = await promisify(execFile)('docker', ['inspect', container]);
  const home = join(service.config.runDir, service.app.installation, runId);
  const bearer = readFileSync(join(home, 'secrets/runtime-token'), 'utf8');
  const url = /GITHUB_FLOWS_RUNTIME_URL=(\S+?)"/.exec(inspected)?.[1] ?? '';
  const told = await fetch(`${url}/runtime/v1/github-token`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  const { token, expires_at } = (await told.json()) as { token: string; expires_at: string };
  expect(github.apps.tokens.find(({ value }) => value === token)?.permissions).toEqual({
    contents: 'write',
    metadata: 'read',
  });
  expect(Date.parse(expires_at)).toBeGreaterThan(Date.now() + 3_000_000);

  const secrets = {
    static: STATIC,
    passphrase: PASSPHRASE,
    key: app.pem.split('\n').slice(1, -2).join('\n'),
    keyLine: app.pem.split('\n')[5] ?? '',
    webhook: TEST_SECRET,
    appWebhook: app.webhookSecret,
    bearer,
    ...Object.fromEntries(github.apps.tokens.map(({ value }, index) => [`token${index}`, value])),
  };
  const allowed = [join(home, 'secrets/gh-token'), join(home, 'secrets/runtime-token')];
  const inFiles = () => findSecrets(secrets, [service.config.varDir, service.config.runDir]);
  const hostGit = globSync(join(service.config.runDir, 'host-git-*/*'));
  for (const file of [...allowed, ...hostGit]) expect(statSync(file).mode & 0o077).toBe(0);
  expect(inFiles().filter(({ file }) => ![...allowed, ...hostGit].includes(file))).toEqual([]);
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
  expect(inFiles().filter(({ file }) => !hostGit.includes(file))).toEqual([]);
  const later = await fetch(`${url}/runtime/v1/github-token`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  expect(later.status).toBe(401);
  await service.stop();
  expect(inFiles()).toEqual([]);
  await service.start();
});
