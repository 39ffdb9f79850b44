import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { LoginRenewal } from '../../src/agents/agent.ts';
import { refreshContainerName } from '../../src/agents/codex/login/containers.ts';
import { createCodexRefresh } from '../../src/agents/codex/login/refresh.ts';
import { codexShare } from '../../src/agents/codex/state/share.ts';
import { inspectCodexState } from '../../src/agents/codex/state/state.ts';
import { systemClock } from '../../src/base/clock.ts';
import { randomId } from '../../src/base/ids.ts';
import { removeOrphans } from '../../src/containers/engine/reaper.ts';
import { serviceStopping } from '../../src/flow/errors.ts';
import { createLogger } from '../../src/log/logger.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { exec } from '../../src/programs/exec.ts';
import { chatgptAuth, fakeLogin } from '../support/codex/login.ts';
import { makeLoginImage } from '../support/codex/login-issuer.ts';
import { serveTokensIn, type TokenServer } from '../support/codex/token-server.ts';
import { engine, runAs } from '../support/engine/container-run.ts';
import { startProgram } from '../support/processes/program.ts';
import { until } from '../support/service/service.ts';
import { size } from '../support/suite/size.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };
const MINUTE_MS = 60_000;
const TEN_DAYS_MS = 14_400 * MINUTE_MS;
const RUNS = size(20, 50);

let image: { name: string; remove(): Promise<void> };
let installation: string;
let stateDir: string;
let server: TokenServer | undefined;
let refresh: LoginRenewal;
let notes: string[];

beforeAll(async () => {
  image = await makeLoginImage();
});
afterAll(async () => await image.remove());

beforeEach(async () => {
  installation = `test${randomId(8)}`;
  stateDir = join(await temporaryDirectory(), 'codex');
  server = undefined;
  notes = [];
  refresh = newService();
});
afterEach(async () => {
  await refresh.stop(serviceStopping());
  await server?.close();
  expect(await container()).toBeUndefined();
});

function newService(): LoginRenewal {
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  const parts = { engine, image: image.name, owner: runAs, installation, redactor, clock: systemClock, log };
  return createCodexRefresh(parts);
}

/** A state whose access token ends in `lifeMs`, and the server that takes its refresh token. */
async function makeState(lifeMs: number, newLifeMs = TEN_DAYS_MS): Promise<TokenServer> {
  mkdirSync(stateDir, { mode: 0o700 });
  const login = fakeLogin(Date.now() + lifeMs);
  writeFileSync(join(stateDir, 'auth.json'), JSON.stringify(chatgptAuth(login)), { mode: 0o600 });
  for (const path of [stateDir, join(stateDir, 'auth.json')]) chownSync(path, runAs.uid, runAs.gid);
  server = await serveTokensIn(stateDir, login, newLifeMs);
  return server;
}

function ensure(service = refresh, over: { untilMs?: number; signal?: AbortSignal } = {}): Promise<void> {
  return service.ensure(stateDir, {
    untilMs: Date.now() + 30 * MINUTE_MS,
    signal: new AbortController().signal,
    note: async (text) => void notes.push(text),
    ...over,
  });
}

function tokens(): { access_token: string; refresh_token: string } {
  return JSON.parse(readFileSync(join(stateDir, 'auth.json'), 'utf8')).tokens;
}

async function container(): Promise<Record<string, never> | undefined> {
  const { exitCode, stdout } = await exec('docker', ['inspect', refreshContainerName(stateDir)], { env });
  return exitCode === 0 ? JSON.parse(stdout)[0] : undefined;
}

async function asked(tokenServer: TokenServer): Promise<void> {
  await until('the server was asked', () => (tokenServer.shown.length > 0 ? true : undefined));
}

describe('a login that would not outlive a run', () => {
  test.each([
    ['has a minute left', MINUTE_MS],
    ['has a quarter of an hour left', 15 * MINUTE_MS],
    ['has ended', -MINUTE_MS],
  ])(`is renewed once for ${RUNS} runs that wait for it, when it %s`, async (_how, lifeMs) => {
    const tokenServer = await makeState(lifeMs);
    const before = tokens();
    const shares = await Promise.all(
      Array.from({ length: RUNS }, async () => {
        await ensure();
        return (await codexShare(stateDir)).files
          .find(({ path }) => path === 'auth.json')
          ?.content.toString();
      }),
    );
    expect(tokenServer.shown).toEqual([before.refresh_token]);
    expect(tokenServer.takes(tokens().refresh_token)).toBe(true);
    expect(tokens().access_token).not.toBe(before.access_token);
    expect(shares.filter((share) => !share?.includes(tokens().access_token))).toEqual([]);
    expect(notes.filter((text) => text.includes('so it is renewed first'))).toHaveLength(RUNS);
    expect(notes.filter((text) => text.includes('was renewed'))).toHaveLength(RUNS);
    expect(notes.join()).not.toContain(before.refresh_token);
  });

  test('is renewed in a hardened container with the state and nothing else, which no sweep touches', async () => {
    const tokenServer = await makeState(MINUTE_MS);
    const release = tokenServer.hold();
    const done = ensure();
    await asked(tokenServer);
    expect(await container()).toMatchObject({
      Config: { User: `${runAs.uid}:${runAs.gid}`, WorkingDir: '/workspace', Tty: false, OpenStdin: false },
      HostConfig: {
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Init: true,
        Privileged: false,
        NetworkMode: 'github-flows',
      },
      Mounts: [{ Type: 'bind', Source: stateDir, Destination: '/home/user/.codex', RW: true }],
    });
    expect(JSON.stringify(await container())).not.toContain(tokens().refresh_token);
    expect(await removeOrphans(engine, installation, async () => new Map())).toBe(0);
    expect(await engine.removeEnded(refreshContainerName(stateDir))).toBe(false);
    release();
    await done;
    expect(readdirSync(stateDir)).toContain('.github-flows.lock');
  });

  test('is alive after the service was killed during the refresh; the next one waits for it and asks no second time', async () => {
    const tokenServer = await makeState(MINUTE_MS);
    const release = tokenServer.hold();
    const killed = startProgram('renew-login', [stateDir, image.name, installation]);
    await asked(tokenServer);
    killed.process.kill('SIGKILL');
    await killed.ended;

    const adopted = refresh.adopt();
    const other = newService();
    const runs = [ensure(), ensure(), ensure(other)];
    await until('the next service waits', async () =>
      (await container()) && notes.length === 3 ? true : undefined,
    );
    release();
    await Promise.all([adopted, ...runs]);
    await other.stop(serviceStopping());
    expect(tokenServer.shown).toHaveLength(1);
    expect(tokenServer.takes(tokens().refresh_token)).toBe(true);
    expect(await container()).toBeUndefined();
  });

  test('is given up by a run that was called off and by a service that stops, and renewed all the same', async () => {
    const tokenServer = await makeState(MINUTE_MS);
    const release = tokenServer.hold();
    const cancel = new AbortController();
    const run = ensure(refresh, { signal: cancel.signal });
    await asked(tokenServer);
    cancel.abort(new Error('called off'));
    await expect(run).rejects.toThrow('called off');
    const waiting = ensure();
    const stopped = expect(waiting).rejects.toMatchObject({ code: 'service_stopping' });
    await refresh.stop(serviceStopping());
    await stopped;
    expect(await container()).toMatchObject({ State: { Running: true } });
    release();
    await newService().adopt();
    expect(tokenServer.takes(tokens().refresh_token)).toBe(true);
    expect(tokenServer.shown).toHaveLength(1);
  });

  test('that the server refuses is told with the way to a new one, and the server is not asked again', async () => {
    const tokenServer = await makeState(MINUTE_MS);
    const auth = chatgptAuth({
      ...fakeLogin(Date.now() + MINUTE_MS),
      refreshToken: 'rt_used_elsewhere_0123456789',
    });
    writeFileSync(join(stateDir, 'auth.json'), JSON.stringify(auth));
    const issue = {
      code: 'codex_refresh_refused',
      hint: expect.stringContaining('github-flows codex login'),
    };
    await expect(ensure()).rejects.toMatchObject(issue);
    const count = tokenServer.shown.length;
    const restarted = newService();
    onTestFinished(() => restarted.stop(serviceStopping()));
    await expect(ensure(restarted)).rejects.toMatchObject(issue);
    expect(tokenServer.shown).toHaveLength(count);
    const { problems } = await inspectCodexState(stateDir, Date.now());
    expect(problems).toMatchObject([issue]);

    writeFileSync(join(stateDir, 'auth.json'), JSON.stringify(chatgptAuth(fakeLogin(Date.now()))));
    expect(await inspectCodexState(stateDir, Date.now())).toMatchObject({ problems: [] });
  });

  test('is tried again while it lasts a while when the server does not answer', async () => {
    const tokenServer = await makeState(15 * MINUTE_MS);
    tokenServer.fail(1);
    await ensure();
    expect(tokenServer.shown).toHaveLength(2);
    expect(notes.filter((text) => text.includes('It is tried again in 2 s.'))).toHaveLength(1);
  });

  test('refuses the run when it is nearly over and the server does not answer; one that just lasts goes on', async () => {
    const tokenServer = await makeState(4 * MINUTE_MS);
    tokenServer.fail(1000);
    await expect(ensure()).rejects.toMatchObject({
      code: 'codex_refresh_unreachable',
      blame: 'operator',
      hint: expect.stringContaining('auth.openai.com'),
    });
    await ensure(refresh, { untilMs: Date.now() + 3 * MINUTE_MS });
    expect(notes.at(-1)).toContain('It lasts for this run');
  });

  test('is not renewed over and over for a run that no token outlasts', async () => {
    const tokenServer = await makeState(MINUTE_MS, 10 * MINUTE_MS);
    await ensure();
    await ensure();
    expect(tokenServer.shown).toHaveLength(1);
  });
});

describe('a login that needs no renewal', () => {
  test.each([
    ['outlives the run', chatgptAuth(fakeLogin(Date.now() + 60 * MINUTE_MS))],
    ['is an API key', { auth_mode: 'apikey', OPENAI_API_KEY: 'sk-0123456789' }],
    ['has no refresh token', chatgptAuth({ ...fakeLogin(Date.now()), refreshToken: '' })],
    ['was shared', { ...chatgptAuth(fakeLogin(Date.now())), auth_mode: 'chatgptAuthTokens' }],
  ])('is left alone when it %s', async (_how, auth) => {
    await makeState(0);
    writeFileSync(join(stateDir, 'auth.json'), JSON.stringify(auth));
    await ensure();
    expect(notes).toEqual([]);
    expect(server?.shown).toEqual([]);
    expect(existsSync(join(stateDir, '.github-flows.lock'))).toBe(false);
  });

  test('is left alone when there is no state at all', async () => {
    await ensure();
    expect(notes).toEqual([]);
  });

  test('cannot be renewed in a state of another user, which is told before anything starts', async () => {
    await makeState(MINUTE_MS);
    const parts = { engine, image: image.name, installation, redactor: createRedactor(), clock: systemClock };
    const log = createLogger({ level: 'silent', redactor: parts.redactor });
    const other = createCodexRefresh({ ...parts, log, owner: { ...runAs, uid: runAs.uid + 1 } });
    onTestFinished(() => other.stop(serviceStopping()));
    await expect(ensure(other)).rejects.toMatchObject({ code: 'codex_state_of_another_user' });
  });
});
