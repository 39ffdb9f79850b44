import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { runCli } from '../../src/cli/program.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { makeApp, makeInstallation, type StoodApp } from '../support/github/apps.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { type CommandResult, runCommandWith, silentIo } from '../support/service/cli.ts';
import { until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

let api: GitHubApi;
let dir: string;
let settings: Record<string, string>;
let stood: StoodApp;

beforeEach(async () => {
  api = await startGitHubApi();
  dir = await temporaryDirectory();
  settings = {
    SECRETS_DIR: join(dir, 'secrets'),
    VAR_DIR: join(dir, 'var'),
    PROFILES_DIR: join(dir, 'profiles'),
    RUN_DIR: join(dir, 'run'),
    GITHUB_API_URL: api.url,
    PUBLIC_URL: 'https://flows.example.org/',
    ADMIN_PORT: String(await freePort()),
  };
  stood = makeApp();
  api.apps.apps.push(stood);
});
afterEach(async () => await api.close());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const app = async (input: string | undefined, ...argv: string[]): Promise<CommandResult> =>
  await runCommandWith(input === undefined ? {} : { input }, dir, settings, 'app', ...argv);

const added = async (...more: string[]): Promise<CommandResult> =>
  await app(stood.pem, 'add', '--client-id', stood.clientId, '--key-file', '-', '--json', ...more);

const installed = (...repositories: string[]): void => {
  stood.installations.push(makeInstallation('octo', ...repositories));
  for (const repository of repositories) api.repositories.add(repository);
};

describe('app add', () => {
  test('app add takes the key from standard input, asks GitHub who it is, and stores it encrypted', async () => {
    const { code, out } = await added('--installation-id', '5', '--username', 'robot');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      app: stood.slug,
      appId: stood.id,
      clientId: stood.clientId,
      account: 'octo',
      username: 'robot',
      installationId: 5,
      hasWebhookSecret: false,
      warning: null,
    });
    const file = join(dir, 'secrets/service/apps.enc');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'latin1')).not.toContain(stood.clientId);
  });

  const FORMS = ['pkcs1', 'pkcs8', 'one line', 'base64', 'windows', 'blanks', 'indented', 'both'];
  test.each(FORMS)('takes a key as %s', async (form) => {
    const pkcs8 = generateKeyPairSync('rsa', { modulusLength: 2048 });
    stood = makeApp({ publicKey: pkcs8.publicKey });
    api.apps.apps = [stood];
    const type = form === 'pkcs1' ? 'pkcs1' : 'pkcs8';
    const pem = pkcs8.privateKey.export({ type, format: 'pem' }).toString();
    if (form === 'one line') stood.pem = pem.replaceAll('\n', '\\n');
    else if (form === 'blanks') stood.pem = pem.replaceAll('\n', ' ');
    else if (form === 'indented') stood.pem = pem.replaceAll(/^/gm, '    ');
    else if (form === 'both') stood.pem = `${stood.publicKey.export({ type: 'spki', format: 'pem' })}${pem}`;
    else if (form === 'base64') stood.pem = Buffer.from(pem).toString('base64');
    else stood.pem = form === 'windows' ? `\uFEFF${pem.replaceAll('\n', '\r\n')}` : pem;
    expect((await added()).code).toBe(0);
  });

  test('app add takes the file with githubAppInstallation as it stands', async () => {
    const file = join(dir, 'app.json');
    const { clientId, pem: privateKey } = stood;
    const urlPattern = '(?<baseUrl>https://github\\.com/octo)/.*';
    const content = { apiUrl: api.url, clientId, privateKey, username: 'robot[bot]', urlPattern };
    writeFileSync(file, JSON.stringify({ githubAppInstallation: content }));
    const { code, out } = await app(undefined, 'add', '--file', 'app.json', '--json');
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 0,
      clientId,
      urlPattern,
      username: 'robot[bot]',
    });
  });

  test('added again with a new key it stays one App, and keeps what was not given anew', async () => {
    await added('--username', 'robot', '--installation-id', '5');
    const again = ['add', '--app-id', String(stood.id), '--key-file', '-'];
    await app(stood.pem, ...again);
    const [kept] = JSON.parse((await app(undefined, 'list', '--json')).out);
    expect(kept).toMatchObject({ installationId: 5, username: 'robot' });
    await app(stood.pem, ...again, '--installation-id', 'any');
    const list = JSON.parse((await app(undefined, 'list', '--json')).out);
    expect(list).toMatchObject([
      { appId: stood.id, clientId: stood.clientId, username: 'robot', installationId: null },
    ]);
    expect(list).toHaveLength(1);
  });

  const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const small = () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  test.each([
    ['nothing', () => ''],
    ['words', () => 'hello'],
    ['its first line', () => '-----BEGIN RSA PRIVATE KEY-----'],
    ['half of it', () => stood.pem.slice(0, 700)],
    ['it with a byte changed', () => stood.pem.replace(/^(.{60}).(.*)/ms, '$1!$2')],
    ['a public key', () => stood.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['an elliptic curve key', () => ec().export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a short key', () => small().export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a token', () => 'ghp_0000000000000000000000000000000000aa'],
    ['an SSH key', () => '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----'],
    ['a megabyte', () => 'a'.repeat(1_000_000)],
  ])('refuses %s as the key without quoting it, and stores nothing', async (_what, key) => {
    stood.pem = key();
    const { code, out } = await added();
    expect(code).toBe(1);
    expect(JSON.parse(out).error).toMatchObject({ code: 'app_key_invalid' });
    for (const line of stood.pem.split('\n').filter((each) => each.length > 30))
      expect(out).not.toContain(line);
    expect(existsSync(join(dir, 'secrets/service/apps.enc'))).toBe(false);
  });

  test('a key that GitHub refuses is not stored; while GitHub is silent it is, with a warning', async () => {
    api.misbehave({ status: 401, message: 'A JSON web token could not be decoded' });
    expect(JSON.parse((await added()).out).error).toMatchObject({ code: 'app_key_refused' });
    expect(JSON.parse((await app(undefined, 'list', '--json')).out)).toEqual([]);
    api.misbehave({ status: 429, headers: { 'retry-after': '60' } });
    const { code, out } = await added();
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, warning: { code: 'github_rate_limited' } });
  });

  test.each([
    [['--client-id', '../x', '--key-file', '-'], 1, 'app_invalid'],
    [['--app-id', '0', '--key-file', '-'], 2, 'usage'],
    [['--key-file', '-'], 2, 'usage'],
    [['--app-id', '1', '--key-file', 'absent.pem'], 1, 'app_file_unreadable'],
    [['--app-id', '1', '--key-file', '-', '--api-url', 'file:///etc'], 1, 'app_invalid'],
    [['--app-id', '1', '--key-file', '-', '--url-pattern', '(a'], 1, 'app_pattern_invalid'],
    [
      ['--app-id', '1', '--key-file', '-', '--url-pattern', 'https://github.com/.*'],
      1,
      'app_pattern_invalid',
    ],
    [['--app-id', '1', '--key-file', '-', '--url-pattern', '(?<baseUrl>x)(?=y)'], 1, 'app_pattern_invalid'],
    [['--file', '-'], 1, 'app_file_invalid'],
    [['--file', '-', '--app-id', '1'], 2, 'usage'],
  ])('with %j ends with %i and %s', async (argv, code, error) => {
    const result = await app(stood.pem, 'add', ...argv, '--json');
    expect(result.code).toBe(code);
    expect(JSON.parse(result.out).error.code).toBe(error);
    expect(result.out + result.err).not.toContain(stood.pem.split('\n')[2]);
  });
});

describe('app list and test', () => {
  test('app list and test never print the key or the webhook secret', async () => {
    writeFileSync(join(dir, 'hook'), `${stood.webhookSecret}\n`);
    installed('octo/hello');
    const results = [
      await added('--webhook-secret-file', 'hook'),
      await app(undefined, 'list'),
      await app(undefined, 'list', '--json'),
      await app(undefined, 'test', '--json'),
      await app(undefined, 'test'),
    ];
    const all = JSON.stringify(results);
    expect(all).toContain('"hasWebhookSecret\\": true');
    for (const secret of [stood.webhookSecret, stood.pem.split('\n')[2] ?? '', 'ghs_'])
      expect(all).not.toContain(secret);
  });

  test('app list and test tell account, installations, repositories and what is missing', async () => {
    installed('octo/hello', 'octo/other');
    stood.installations.push({ ...makeInstallation('acme', 'acme/shop'), permissions: { metadata: 'read' } });
    stood.installations.push({ ...makeInstallation('asleep'), suspended: true });
    await added();
    const { code, out } = await app(undefined, 'test', stood.slug, '--json');
    expect(code).toBe(1);
    const [report] = JSON.parse(out);
    expect(report).toMatchObject({ app: stood.slug, account: 'octo', problems: [] });
    expect(report.installations).toMatchObject([
      { account: 'octo', minted: true, repositories: ['octo/hello', 'octo/other'], problems: [] },
      {
        account: 'acme',
        minted: true,
        missingPermissions: ['contents: write', 'issues: write', 'pull_requests: write'],
        problems: [{ code: 'app_permissions_incomplete' }],
      },
      { account: 'asleep', minted: false, problems: [{ code: 'app_installation_suspended' }] },
    ]);
    expect(api.apps.tokens).toEqual([]);
  });

  test('app list and test say of a pattern that it serves nothing, and which address it leaves out', async () => {
    installed('octo/hello', 'octo/other');
    await added('--url-pattern', '(?<baseUrl>https://github.com/acme)/.*');
    const { code, out } = await app(undefined, 'test');
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('[app_pattern_serves_nothing]') });
    expect(out).toContain('such as https://github.com/octo/hello');
    expect(out).toContain("--url-pattern '(?<baseUrl>https://github\\.com/octo)/.*'");
    expect(out).toContain('octo/other (excluded by the URL pattern)');
    await added('--url-pattern', '(?<baseUrl>github.com)/octo/other');
    const some = await app(undefined, 'test');
    expect(some.code).toBe(0);
    expect(some.out).toMatch(/octo\/hello \(excluded by the URL pattern\)\n +octo\/other\n/);
  });

  test('app list and test say which App or token file serves a repository, and why each other App does not', async () => {
    installed('octo/hello');
    await added('--url-pattern', '(?<baseUrl>github.com)/octo/.*');
    const other = makeApp();
    api.apps.apps.push(other);
    other.installations.push(makeInstallation('octo', 'octo/other'));
    const acme = ['--url-pattern', '(?<baseUrl>github.com/acme)/.*'];
    await app(other.pem, 'add', '--client-id', other.clientId, '--key-file', '-', ...acme);
    const asked = async (repository: string): Promise<string> =>
      (await app(undefined, 'test', stood.slug, '--repository', repository)).out;
    expect(await asked('octo/hello')).toContain(
      `✓ octo/hello is served by the App ${stood.slug}; the App ${other.slug} has the URL pattern ${acme[1]}, which leaves out https://github.com/octo/hello\n`,
    );
    expect(await asked('octo/none')).toMatch(/✗ octo\/none is served by nothing; .*is not installed on it\n/);
    writeFileSync(join(dir, 'secrets/gh-token'), 'ghp_of-nobody', { mode: 0o600 });
    expect(await asked('octo/none')).toContain(`is served by the token file ${dir}/secrets/gh-token; `);
    const json = (await app(undefined, 'test', '--repository', 'acme/none', '--json')).out;
    expect(JSON.parse(json).at(-1)).toMatchObject({
      repository: 'acme/none',
      servedBy: { kind: 'file', file: join(dir, 'secrets/gh-token') },
    });
  });

  test('app test says without any App that the token file serves a repository', async () => {
    mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
    writeFileSync(join(dir, 'secrets/gh-token'), 'ghp_of-nobody', { mode: 0o600 });
    const { code, out } = await app(undefined, 'test', '--repository', 'octo/hello');
    expect({ code, out }).toEqual({
      code: 0,
      out: `✓ octo/hello is served by the token file ${dir}/secrets/gh-token\n`,
    });
    expect((await app(undefined, 'test')).err).toContain('[app_not_found]');
  });

  test('app list and test say when an App is installed nowhere, or is not there', async () => {
    await added();
    const [report] = JSON.parse((await app(undefined, 'test', '--json')).out);
    expect(report.problems).toMatchObject([{ code: 'app_without_installation' }]);
    expect(JSON.parse((await app(undefined, 'test', 'nobody', '--json')).out).error).toMatchObject({
      code: 'app_not_found',
      hint: expect.stringContaining(stood.slug),
    });
  });
});

test('app remove forgets the App with its key, and no other', async () => {
  expect(JSON.parse((await app(undefined, 'test', '--json')).out).error.message).toBe('There is no App yet.');
  await added();
  const other = makeApp();
  api.apps.apps.push(other);
  await app(other.pem, 'add', '--client-id', other.clientId, '--key-file', '-');
  const { code, out } = await app(undefined, 'remove', stood.slug, '--json');
  expect({ code, app: JSON.parse(out).app }).toEqual({ code: 0, app: stood.slug });
  expect(JSON.parse((await app(undefined, 'list', '--json')).out)).toMatchObject([{ app: other.slug }]);
  const again = await app(undefined, 'remove', stood.slug, '--json');
  expect({ code: again.code, error: JSON.parse(again.out).error }).toMatchObject({
    code: 1,
    error: { code: 'app_not_found', hint: expect.stringContaining(other.slug) },
  });
});

test('an App of another host than the service’s is stored with a word on why it serves nothing', async () => {
  settings.GITHUB_API_URL = 'https://ghe.example.org/api/v3';
  const { code, err } = await added('--api-url', api.url);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining(api.url) });
  const [report] = JSON.parse((await app(undefined, 'test', '--json')).out);
  expect(report.problems).toMatchObject([
    { code: 'app_without_installation' },
    { code: 'app_on_other_host', message: expect.stringContaining('https://ghe.example.org/api/v3') },
  ]);
});

describe('app create', () => {
  /** What a browser sees at an address. */
  const browse = async (address: string): Promise<{ status: number; text: string; headers: Headers }> => {
    const response = await fetch(address, { redirect: 'manual' });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };

  /** Starts the command; gives the address that it prints and its end. */
  const begin = async (...argv: string[]) => {
    let said = '';
    let out = '';
    const io = {
      ...silentIo,
      directory: dir,
      settings: () => settings,
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        said += text;
      },
    };
    const ended = runCli(['app', 'create', '--json', ...argv], io);
    const address = await until(
      'the address is printed',
      () => /http\S+\/apps\/new\?state=\S+/.exec(said)?.[0],
    );
    return { address, ended, out: () => out };
  };

  test('app create takes the manifest to GitHub, stores what comes back, and captures the installation', async () => {
    api.apps.apps = [];
    api.apps.codes.set('c0de', stood);
    const { address, ended, out } = await begin('--org', 'octo', '--name', 'our robot');
    const offer = await until('the page is there', async () => await browse(address).catch(() => undefined));
    expect(offer.status).toBe(200);
    expect(offer.text).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    expect(offer.headers.get('content-security-policy')).toContain('form-action https://github.com;');
    const action = /action="([^"]+)"/.exec(offer.text)?.[1] ?? '';
    expect(action).toMatch(/^https:\/\/github\.com\/organizations\/octo\/settings\/apps\/new\?state=/);
    const manifest = JSON.parse(
      (/name="manifest" value="([^"]+)"/.exec(offer.text)?.[1] ?? '').replaceAll('&quot;', '"'),
    );
    const base = address.slice(0, address.indexOf('/new'));
    expect(manifest).toMatchObject({
      name: 'our robot',
      hook_attributes: { url: 'https://flows.example.org/webhooks/github' },
      redirect_url: `${base}/callback`,
      setup_url: `${base}/setup`,
      public: false,
      default_permissions: { contents: 'write', metadata: 'read' },
    });
    const state = new URL(address).searchParams.get('state') ?? '';
    const made = await browse(`${manifest.redirect_url}?code=c0de&state=${state}`);
    expect(made.text).toContain(`https://github.com/apps/${stood.slug}/installations/new?state=`);
    expect(made.text).not.toContain('PRIVATE KEY');
    expect(made.text).not.toContain(stood.webhookSecret);
    expect((await browse(`${manifest.redirect_url}?code=c0de&state=${state}`)).status).toBe(200);
    installed('octo/hello');
    const id = stood.installations[0]?.id;
    const done = await browse(
      `${manifest.setup_url}?installation_id=${id}&setup_action=install&state=${state}`,
    );
    expect(done.text).toContain('octo');
    expect(await ended).toBe(0);
    expect(JSON.parse(out())).toMatchObject({
      appId: stood.id,
      clientId: stood.clientId,
      capturedInstallationId: id,
      hasWebhookSecret: true,
    });
  });

  test('turns away what carries no state of its own, one that has run out, and a code that is none', async () => {
    api.apps.codes.set('c0de', stood);
    const { address, ended } = await begin();
    await until('the page is there', async () => await browse(address).catch(() => undefined));
    const base = address.slice(0, address.indexOf('/new'));
    const state = new URL(address).searchParams.get('state') ?? '';
    const [body = '', seal = ''] = state.split('.');
    const forged = JSON.parse(Buffer.from(body, 'base64url').toString());
    const other = Buffer.from(JSON.stringify({ ...forged, apiUrl: 'http://127.0.0.1:1' })).toString(
      'base64url',
    );
    for (const [path, status, code] of [
      ['/new', 400, 'app_address_incomplete'],
      [`/new?state=${body}`, 400, 'app_state_invalid'],
      [`/new?state=${other}.${seal}`, 400, 'app_state_invalid'],
      [`/new?state=${state}&state=${state}`, 400, 'app_address_incomplete'],
      ['/callback?code=c0de', 400, 'app_address_incomplete'],
      [`/callback?code=c0de&state=${body}.${'A'.repeat(43)}`, 400, 'app_state_invalid'],
      [`/callback?code=../../user&state=${state}`, 400, 'app_address_incomplete'],
      [`/callback?code=unknown&state=${state}`, 400, 'app_code_refused'],
      [`/setup?installation_id=x&state=${state}`, 400, 'app_address_incomplete'],
    ] as const) {
      const page = await browse(`${base}${path}`);
      expect([path, page.status]).toEqual([path, status]);
      expect(page.text).toContain(code);
    }
    expect(api.requests.map(({ path }) => path)).toEqual(['/app-manifests/unknown/conversions']);
    const finished = await browse(`${base}/callback?code=c0de&state=${state}`);
    expect(finished.status).toBe(200);
    installed('octo/hello');
    await browse(`${base}/setup?installation_id=${stood.installations[0]?.id}&state=${state}`);
    expect(await ended).toBe(0);
  });

  test.each([
    [
      ['--server-url', 'https://ghe.example.org'],
      'https://ghe.example.org',
      'https://ghe.example.org/api/v3',
    ],
    [['--server-url', 'https://octo.ghe.com'], 'https://octo.ghe.com', 'https://api.octo.ghe.com'],
    [['--server-url', 'https://github.com'], 'https://github.com', 'https://api.github.com'],
    [['--api-url', 'https://octo.ghe.com/api/v3'], 'https://octo.ghe.com', 'https://api.octo.ghe.com'],
  ])('with %j goes to %s, and to its own API', async (server, serverUrl, apiUrl) => {
    const { out } = await app(undefined, 'create', ...server, '--no-wait', '--json');
    const { address, expiresAt } = JSON.parse(out);
    const [body = ''] = (new URL(address).searchParams.get('state') ?? '').split('.');
    expect(JSON.parse(Buffer.from(body, 'base64url').toString())).toMatchObject({
      serverUrl,
      apiUrl,
      organisation: null,
    });
    expect(Date.parse(expiresAt) - systemClock.now()).toBeLessThanOrEqual(3_600_000);
  });

  /** Everything in the secrets directory, or undefined where there is none. */
  const left = (): string[] | undefined =>
    existsSync(settings.SECRETS_DIR ?? '')
      ? readdirSync(settings.SECRETS_DIR ?? '', { recursive: true })
          .map(String)
          .toSorted()
      : undefined;

  /** The command in a process of its own, until its page is there; a code that GitHub refuses, then Ctrl-C. */
  const interrupt = async (): Promise<{ code: number | null; said: string }> => {
    const main = join(import.meta.dirname, '../../src/main.ts');
    const child = spawnProgram(process.execPath, [main, 'app', 'create'], {
      cwd: dir,
      env: { PATH: process.env.PATH ?? '', HOME: dir, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const ended = once(child, 'close');
    const address = await until('the address', () => /http\S+\/new\?state=\S+/.exec(said)?.[0]);
    await until('the page is there', async () => await browse(address).catch(() => undefined));
    const refused = await browse(address.replace('/new?', '/callback?code=unknown&'));
    expect(refused.text).toContain('app_code_refused');
    child.kill('SIGINT');
    const [code] = await ended;
    await expect(browse(address)).rejects.toThrow();
    return { code, said };
  };

  test('app create leaves neither store, key nor listener when GitHub refused the code and it was broken off', async () => {
    const { code, said } = await interrupt();
    expect(code).toBe(1);
    expect(said).toContain('[app_not_created]');
    expect(said).toContain('service/key is removed');
    expect(left()).toBeUndefined();
  });

  test('app create leaves the stores that were there as they were', async () => {
    await added();
    const [before, apps] = [left(), (await app(undefined, 'list', '--json')).out];
    await interrupt();
    expect(left()).toEqual(before);
    expect((await app(undefined, 'list', '--json')).out).toEqual(apps);
  });

  test('app create ends by itself when its hour is over, and leaves nothing', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { address, ended, out } = await begin();
    await until('the page is there', async () => await browse(address).catch(() => undefined));
    vi.setSystemTime(Date.now() + 3_599_000);
    await until('it looked twice', async () => await systemClock.sleep(700).then(() => true));
    expect((await browse(address)).status).toBe(200);
    vi.setSystemTime(Date.now() + 1_000);
    expect(await ended).toBe(1);
    expect(JSON.parse(out()).error.code).toBe('app_not_created');
    await expect(browse(address)).rejects.toThrow();
    expect(left()).toBeUndefined();
  });

  test('app create leaves nothing where the disk takes no byte of what it makes', async () => {
    const main = join(import.meta.dirname, '../../src/main.ts');
    const limited = ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, main, 'app', 'create', '--json'];
    const child = spawnProgram('sh', limited, {
      cwd: dir,
      env: { PATH: process.env.PATH ?? '', HOME: dir, ...settings },
    });
    const out = text(child.stdout);
    const [code] = await once(child, 'close');
    expect({ exit: code, ...JSON.parse(await out).error }).toMatchObject({
      exit: 1,
      code: 'secret_store_unwritable',
    });
    expect(left()).toBeUndefined();
  });

  test.each<[string, string, () => void]>([
    ['there is no PUBLIC_URL', 'public_url_missing', () => delete settings.PUBLIC_URL],
    [
      'its address cannot be listened at',
      'listen_failed',
      () => Object.assign(settings, { ADMIN_HOST: '192.0.2.1' }),
    ],
  ])('leaves nothing when %s', async (_why, expected, prepare) => {
    prepare();
    const { code, out } = await app(undefined, 'create', '--json');
    expect({ exit: code, ...JSON.parse(out).error }).toMatchObject({ exit: 1, code: expected });
    expect(left()).toBeUndefined();
  });

  test('app create leaves a place for its store as it is where none can be made there', async () => {
    mkdirSync(settings.SECRETS_DIR ?? '', { mode: 0o700 });
    writeFileSync(join(settings.SECRETS_DIR ?? '', 'service'), 'a file');
    const { code, out } = await app(undefined, 'create', '--json');
    expect({ code, error: JSON.parse(out).error.code }).toEqual({
      code: 1,
      error: 'secret_store_unreadable',
    });
    expect(left()).toEqual(['service']);
  });

  test('an App that GitHub made and that cannot be stored is named, with what becomes of it', async () => {
    api.apps.codes.set('c0de', { ...stood, pem: 'no key at all' });
    api.apps.codes.set('c0de2', stood);
    const { address, ended } = await begin();
    await until('the page is there', async () => await browse(address).catch(() => undefined));
    const refused = await browse(address.replace('/new?', '/callback?code=c0de&'));
    expect(refused.text).toContain('app_not_stored');
    expect(refused.text).toContain(`https://github.com/apps/${stood.slug}`);
    const callback = address.replace('/new?', '/callback?code=c0de2&');
    expect((await browse(callback)).status).toBe(200);
    installed('octo/hello');
    await browse(
      callback.replace(/callback\?code=c0de2&/, `setup?installation_id=${stood.installations[0]?.id}&`),
    );
    expect(await ended).toBe(0);
  });

  test('app create without PUBLIC_URL says what it is for', async () => {
    delete settings.PUBLIC_URL;
    const { code, out } = await app(undefined, 'create', '--no-wait', '--json');
    expect({ code, ...JSON.parse(out).error }).toMatchObject({ code: 'public_url_missing' });
  });
});
