import { writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startGitServer } from '../support/git/server.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { makeApp, makeInstallation } from '../support/github/apps.ts';
import { signatureOf, signedHeaders } from '../support/github/signed-request.ts';
import { selfSigned } from '../support/network/certificate.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { payloadOf, type ScenarioDelivery } from '../support/scenarios/scenario.ts';
import { type Ground, makeGround, shellProfile, until } from '../support/service/service.ts';
import { spawnService } from '../support/service/service-process.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const REPOSITORY = 'Codertocat/Hello-World';
const DISCUSSION = 'MDEwOkRpc2N1c3Npb24zMjk5NjE0';

/** Listens on a free port of this machine until the test is over. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The API under the tenant's name and over TLS; what comes goes on to the stand-in. */
async function startTlsApi(certificate: { key: string; cert: string }, github: GitHubApi): Promise<number> {
  const server = createTlsServer(certificate, (request, response) => {
    const { method, headers, url } = request;
    const onward = forward(`${github.url}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  onTestFinished(() => server.closeAllConnections());
  return await listening(server);
}

/** A proxy that leads connections for a host to a port of this machine, and keeps which hosts were asked for. */
async function startProxy(
  ports: Readonly<Record<string, number>>,
): Promise<{ url: string; asked: Set<string> }> {
  const asked = new Set<string>();
  const server = createServer();
  server.on('connect', ({ url = '' }, socket) => {
    asked.add(url);
    const port = ports[url];
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => void [socket.destroy(), onward.destroy()]);
    onTestFinished(() => void onward.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, asked };
}

/** A command in a process of its own: what goes through a proxy and trusts a certificate is set when it starts. */
async function command(ground: Ground, ...args: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawnProgram(process.execPath, [MAIN, ...args], { cwd: ground.dir, env: ground.settings });
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, out: `${await out}${await err}` };
}

/** An example of GitHub's as a tenant sends it. */
function fromTenant(delivery: ScenarioDelivery): { event: string; body: string } {
  const { event, payload } = payloadOf(delivery, () => undefined);
  const body = JSON.stringify(payload)
    .replaceAll('https://github.com', 'https://acme.ghe.com')
    .replaceAll('https://api.github.com', 'https://api.acme.ghe.com');
  return { event, body };
}

const COMMENT = {
  like: 'issue_comment/0',
  changes: { action: 'created', repository: { default_branch: 'main' } },
} as unknown as ScenarioDelivery;

test('a tenant is served under its own names alone: deliveries, App, API, GraphQL, clone, push and what a run may reach', {
  timeout: 180_000,
}, async () => {
  const github = await startGitHubApi();
  onTestFinished(async () => await github.close());
  const profile = {
    trigger: { repository: REPOSITORY, event: 'issue_comment', action: 'created' },
    credentials: { github: { permissions: { contents: 'read' } } },
    runtime: { network: { allow: ['@github'] } },
    report: { reaction: true, comment: 'always' },
    publish: { as: 'pull-request' },
  };
  const connected = (host: string) =>
    `curl -sm 9 -o /dev/null -w '${host} %{http_connect}\\n' https://${host}`;
  const ground = makeGround({
    repository: REPOSITORY,
    profiles: {
      'fix/profile.json': shellProfile(
        `cd repo; ${connected('acme.ghe.com')}; ${connected('other.ghe.com')}; git remote get-url origin
         echo more >> README.md; git commit -qam 'Say more'`,
        profile,
      ),
      'talk/profile.json': shellProfile('true', {
        trigger: { repository: REPOSITORY, event: 'discussion_comment', action: 'created' },
        report: { reaction: true, comment: 'never' },
      }),
    },
  });
  github.git.root = join(ground.dir, 'git');
  github.repositories.add(REPOSITORY);
  github.discussions.comments[DISCUSSION] = [
    { id: 'MDE3OkRpc2N1c3Npb25Db21tZW50NTUwMDYy', databaseId: 550062, body: 'x', author: 'Codertocat' },
  ];
  const app = makeApp({ slug: 'acme-robot', installations: [makeInstallation('Codertocat', REPOSITORY)] });
  github.apps.apps.push(app);
  const certificate = selfSigned('acme.ghe.com', 'api.acme.ghe.com');
  const git = await startGitServer(join(ground.dir, 'git'), certificate);
  onTestFinished(async () => await git.close());
  git.mood.accepts = (password) => github.apps.tokens.some(({ value }) => value === password);
  const proxy = await startProxy({
    'acme.ghe.com:443': Number(new URL(git.url).port),
    'api.acme.ghe.com:443': await startTlsApi(certificate, github),
  });
  writeFileSync(join(ground.dir, 'ca.pem'), certificate.cert);
  writeFileSync(join(ground.dir, 'app.pem'), app.pem, { mode: 0o600 });
  writeFileSync(join(ground.dir, 'app.secret'), app.webhookSecret, { mode: 0o600 });
  const { GITHUB_API_URL: _api, ...settings } = ground.settings;
  ground.settings = {
    ...settings,
    GITHUB_SERVER_URL: 'https://acme.ghe.com',
    HTTPS_PROXY: proxy.url,
    NODE_USE_ENV_PROXY: '1',
    NODE_EXTRA_CA_CERTS: join(ground.dir, 'ca.pem'),
    GIT_SSL_CAINFO: join(ground.dir, 'ca.pem'),
  };

  const added = await command(
    ground,
    ...['app', 'add', '--app-id', String(app.id), '--key-file', join(ground.dir, 'app.pem')],
    ...['--webhook-secret-file', join(ground.dir, 'app.secret')],
    ...['--url-pattern', '(?<baseUrl>acme.ghe.com)/codertocat/.*'],
  );
  expect(added.code, added.out).toBe(0);
  const tested = await command(ground, 'app', 'test', '--repository', REPOSITORY);
  expect(tested.code, tested.out).toBe(0);
  expect(tested.out).toContain(`${REPOSITORY} is served by the App acme-robot`);

  const { event, body } = fromTenant(COMMENT);
  writeFileSync(join(ground.dir, 'comment.json'), body);
  const explained = await command(ground, 'explain', join(ground.dir, 'comment.json'), '--event', event);
  expect(explained.code, explained.out).toBe(0);
  expect(explained.out).toMatch(/@github: .*\bacme\.ghe\.com, api\.acme\.ghe\.com, /);
  expect(explained.out).toContain('of the App acme-robot where it is installed');

  const service = await spawnService(ground);
  const deliver = async (sent: { event: string; body: string }) => {
    const headers = signedHeaders(sent.body, {
      'x-github-event': sent.event,
      'x-github-hook-installation-target-id': String(app.id),
      'x-hub-signature-256': signatureOf(sent.body, app.webhookSecret),
    });
    const response = await fetch(`${service.url}/webhooks/github`, {
      method: 'POST',
      body: sent.body,
      headers,
    });
    return { status: response.status, body: await response.json() };
  };
  expect(await deliver({ event, body: body.replaceAll('//acme.ghe.com', '//github.com') })).toMatchObject({
    status: 403,
    body: { error: { code: 'host_not_served' } },
  });
  expect(await deliver({ event, body })).toMatchObject({ status: 202 });
  expect(await deliver(fromTenant({ like: 'discussion_comment/1' }))).toMatchObject({ status: 202 });
  await until('the pull request is told', () =>
    github.comments.find((comment) => comment.body.includes('Opened pull request #100')),
  );
  await until('the discussion has a reaction', () => github.discussions.reactions[0]);
  const [comment] = github.comments;
  for (const line of ['acme.ghe.com 200', 'other.ghe.com 403', `https://acme.ghe.com/${REPOSITORY}.git`])
    expect(comment?.body).toContain(`> ${line}\n`);
  const [branch = ''] = github.pulls.map(({ head }) => head.ref);
  expect(ground.repository.git('log', '-1', '--format=%an <%ae>', branch)).toBe(
    `acme-robot[bot] <${900_000 + app.id}+acme-robot[bot]@users.noreply.acme.ghe.com>`,
  );
  expect(proxy.asked).toEqual(new Set(['acme.ghe.com:443', 'api.acme.ghe.com:443']));
});
