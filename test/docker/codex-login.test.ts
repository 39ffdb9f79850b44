import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { LOGIN_CONTAINER } from '../../src/agents/codex/login/containers.ts';
import { type CodexPerson, codexLogin } from '../../src/agents/codex/login/person.ts';
import { createCodexRefresh } from '../../src/agents/codex/login/refresh.ts';
import { inspectCodexState } from '../../src/agents/codex/state/state.ts';
import { systemClock } from '../../src/base/clock.ts';
import { randomId } from '../../src/base/ids.ts';
import { serviceStopping } from '../../src/flow/errors.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { exec } from '../../src/programs/exec.ts';
import { chatgptAuth, type FakeLogin, fakeLogin } from '../support/codex/login.ts';
import {
  ISSUER_URL,
  type LoginIssuer,
  makeLoginImage,
  serveIssuerIn,
} from '../support/codex/login-issuer.ts';
import { serveTokensIn } from '../support/codex/token-server.ts';
import { engine, runAs } from '../support/engine/container-run.ts';
import { until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };
const TEN_DAYS_MS = 10 * 24 * 3_600_000;
const NEVER = new Promise<void>(() => undefined);

let image: { name: string; remove(): Promise<void> };
let stateDir: string;
let issuer: LoginIssuer | undefined;
let printed: string;

beforeAll(async () => {
  image = await makeLoginImage();
});
afterAll(async () => await image.remove());

beforeEach(async () => {
  stateDir = join(await temporaryDirectory(), 'secrets/codex');
  issuer = undefined;
  printed = '';
});
afterEach(async () => {
  await issuer?.close();
  await exec('docker', ['rm', '-f', LOGIN_CONTAINER], { env });
});

function makeState(): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  chownSync(stateDir, runAs.uid, runAs.gid);
}

async function serveIssuer(status?: number): Promise<LoginIssuer> {
  makeState();
  issuer = await serveIssuerIn(stateDir, fakeLogin(Date.now() + TEN_DAYS_MS), status);
  return issuer;
}

function login(over: Partial<CodexPerson> = {}): Promise<void> {
  return codexLogin({
    engine,
    image: image.name,
    stateDir,
    owner: runAs,
    print: (text) => {
      printed += text;
    },
    interrupted: NEVER,
    clock: systemClock,
    ...over,
  });
}

async function container(): Promise<Record<string, never> | undefined> {
  const { exitCode, stdout } = await exec('docker', ['inspect', LOGIN_CONTAINER], { env });
  return exitCode === 0 ? JSON.parse(stdout)[0] : undefined;
}

describe('the one-time Codex login', () => {
  test('shows address and code at once, keeps the login in the state directory, and leaves no container', async () => {
    const server = await serveIssuer();
    const done = login();
    await until('the code was shown', () => (printed.includes('ABCD-12345') ? true : undefined));
    expect(printed).toContain(`${ISSUER_URL}/codex/device`);

    expect(await container()).toMatchObject({
      Config: { User: `${runAs.uid}:${runAs.gid}`, WorkingDir: '/workspace', Tty: false },
      HostConfig: {
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Init: true,
        Privileged: false,
        NetworkMode: 'github-flows',
      },
      Mounts: [{ Type: 'bind', Source: stateDir, Destination: '/home/user/.codex', RW: true }],
    });
    const listed = await exec('docker', ['exec', LOGIN_CONTAINER, 'ls', '-A', '/workspace'], { env });
    expect(listed).toMatchObject({ exitCode: 0, stdout: '' });

    server.approve();
    await done;
    expect(await container()).toBeUndefined();
    const state = await inspectCodexState(stateDir, Date.now());
    expect(state).toMatchObject({ mode: 'chatgpt', problems: [], account: { email: 'dev@example.com' } });
    expect(statSync(join(stateDir, 'auth.json'))).toMatchObject({ uid: runAs.uid });
    expect(statSync(join(stateDir, 'auth.json')).mode & 0o777).toBe(0o600);
    expect(server.requests.map(({ path }) => path)).toContain('/oauth/token');
  });

  test('makes a state directory that is not there, private and of the agent’s user, and tells when Codex fails', async () => {
    const issue = login({ image: image.name, owner: runAs });
    await until('the state was made', () => (existsSync(stateDir) ? true : undefined));
    issuer = await serveIssuerIn(stateDir, fakeLogin(Date.now()), 500);
    await expect(issue).rejects.toMatchObject({
      code: 'codex_login_failed',
      message: expect.stringContaining('exit code 1'),
    });
    expect(printed).toMatch(/error/i);
    expect(await container()).toBeUndefined();
    expect(statSync(stateDir)).toMatchObject({ uid: runAs.uid, gid: runAs.gid });
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(existsSync(join(stateDir, 'auth.json'))).toBe(false);
  });

  test('leaves no container when it is interrupted', async () => {
    await serveIssuer();
    const interruption = Promise.withResolvers<void>();
    const issue = login({ interrupted: interruption.promise });
    await until('the code was shown', () => (printed.includes('ABCD-12345') ? true : undefined));
    interruption.resolve();
    await expect(issue).rejects.toMatchObject({ code: 'codex_login_interrupted' });
    expect(await container()).toBeUndefined();
  });

  test('refuses a second login while one is under way, and takes the place of one that was killed', async () => {
    const server = await serveIssuer();
    const first = login();
    await until('the code was shown', () => (printed.includes('ABCD-12345') ? true : undefined));
    await expect(login()).rejects.toMatchObject({
      code: 'codex_login_under_way',
      hint: expect.stringContaining(`docker rm -f ${LOGIN_CONTAINER}`),
    });
    server.approve();
    await first;

    const leftBehind = ['run', '--name', LOGIN_CONTAINER, '--network=none', '--entrypoint=true', image.name];
    await exec('docker', leftBehind, { env });
    await login();
    expect(await container()).toBeUndefined();
  });

  test.each([
    [
      'a configuration that keeps the login in a keyring',
      () => writeFileSync(join(stateDir, 'config.toml'), 'cli_auth_credentials_store = "keyring"\n'),
      'codex_login_not_in_file',
    ],
    ['a directory that others may read', () => chmodSync(stateDir, 0o755), 'codex_state_readable_by_others'],
  ])('tells before anything starts: %s', async (_what, spoil, code) => {
    makeState();
    spoil();
    await expect(login()).rejects.toMatchObject({ code, hint: expect.stringMatching(/\S/) });
    expect(printed).toBe('');
    expect(await container()).toBeUndefined();
  });

  test('tells before anything starts: a state that the agent’s user could not write', async () => {
    makeState();
    const other = { uid: runAs.uid + 1, gid: runAs.gid };
    await expect(login({ owner: other })).rejects.toMatchObject({ code: 'codex_state_of_another_user' });
  });

  test('tells of an image that is not there, and of a place where no state can be made', async () => {
    await expect(login({ image: 'github-flows-nothing:latest' })).rejects.toMatchObject({
      code: 'image_missing',
    });
    const file = join(await temporaryDirectory(), 'file');
    writeFileSync(file, '');
    await expect(login({ stateDir: join(file, 'codex') })).rejects.toMatchObject({
      code: expect.stringMatching(/^codex_state_(not_made|unreadable)$/),
    });
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});

describe('a login and the service’s own renewal', () => {
  function renew(notes: string[]): Promise<void> {
    const redactor = createRedactor();
    const log = createLogger({ level: 'silent', redactor });
    const installation = `test${randomId(8)}`;
    const parts = {
      engine,
      image: image.name,
      owner: runAs,
      installation,
      redactor,
      clock: systemClock,
      log,
    };
    const refresh = createCodexRefresh(parts);
    onTestFinished(() => refresh.stop(serviceStopping()));
    return refresh.ensure(stateDir, {
      untilMs: Date.now() + 1_800_000,
      signal: new AbortController().signal,
      note: async (text) => void notes.push(text),
    });
  }

  function writeLogin(): FakeLogin {
    const expiring = fakeLogin(Date.now() + 60_000);
    writeFileSync(join(stateDir, 'auth.json'), JSON.stringify(chatgptAuth(expiring)), { mode: 0o600 });
    chownSync(join(stateDir, 'auth.json'), runAs.uid, runAs.gid);
    return expiring;
  }

  test('do not meet: a run waits for a login under way, and takes what it brings', async () => {
    const server = await serveIssuer();
    const expiring = writeLogin();
    const loggedIn = login();
    await until('the code was shown', () => (printed.includes('ABCD-12345') ? true : undefined));
    const notes: string[] = [];
    const run = renew(notes);
    await until('the run waits', () => notes.find((text) => text.includes(LOGIN_CONTAINER)));
    server.approve();
    await Promise.all([loggedIn, run]);
    const shown = server.requests.filter(({ body }) => body.includes(expiring.refreshToken));
    expect(shown.map(({ path }) => path)).toEqual(['/oauth/revoke']);
    expect(await inspectCodexState(stateDir, Date.now())).toMatchObject({ mode: 'chatgpt', problems: [] });
  });

  test('do not meet: a login waits for a renewal under way', async () => {
    makeState();
    const tokens = await serveTokensIn(stateDir, writeLogin(), TEN_DAYS_MS);
    onTestFinished(tokens.close);
    const release = tokens.hold();
    const run = renew([]);
    await until('the server was asked', () => (tokens.shown.length > 0 ? true : undefined));
    const failed = expect(login()).rejects.toMatchObject({ code: 'codex_login_failed' });
    await until('the login waits', () => (printed.includes('It is waited for.') ? true : undefined));
    expect(await container()).toBeUndefined();
    release();
    await run;
    await failed;
    expect(tokens.shown).toHaveLength(1);
  });
});
