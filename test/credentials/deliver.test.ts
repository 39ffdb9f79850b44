import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AGENTS } from '../../src/compose/agents.ts';
import {
  credentialReadings,
  type DeliverableMount,
  type DeliveredCredentials,
  deliverCredentials,
  removeSecrets,
} from '../../src/credentials/inject/deliver.ts';
import { maskDelivered } from '../../src/credentials/inject/mask-secrets.ts';
import { createRedactor, type Redactor } from '../../src/log/redact.ts';
import { tokenIn } from '../../src/log/token-shapes.ts';
import { resolveMounts } from '../../src/mounts/rules/check.ts';
import { chatgptAuth, fakeLogin, writeCodexState } from '../support/codex/login.ts';
import { bindOf, makeMountHost } from '../support/profiles/mount-host.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

const NOW = Date.UTC(2026, 0, 10);
const DEADLINE = NOW + 30 * 60 * 1000;
const TOKEN = 'the-token-of-the-delivery-test-0123456789';
const login = fakeLogin(DEADLINE + 1000);
const root = process.getuid?.() === 0;
const owner = root
  ? { uid: 1234, gid: 2345 }
  : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A secrets directory of a host, and the private one of a run beside it. */
function host(): { secrets: string; runDir: string } {
  const base = secretsDirectory();
  const secrets = join(base, 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  return { secrets, runDir: join(base, 'run', 'a1') };
}

async function deliver(
  runDir: string,
  mounts: readonly DeliverableMount[],
  redactor: Redactor = createRedactor(),
): Promise<DeliveredCredentials> {
  const times = { nowMs: NOW, untilMs: DEADLINE };
  const copies = await Promise.all(credentialReadings(mounts, AGENTS).map(({ read }) => read(times)));
  return await deliverCredentials({ secretsDir: runDir, owner, copies, redactor });
}

const tokenMount = (secrets: string): DeliverableMount => ({
  kind: 'credential',
  name: 'gh-token',
  source: join(secrets, 'gh-token'),
});
const codexMount = (secrets: string): DeliverableMount => ({
  kind: 'agent-state',
  name: 'codex',
  source: join(secrets, 'codex'),
});

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((item) => !item.isDirectory())
    .map((item) => relative(dir, join(item.parentPath, item.name)))
    .toSorted();
}

function hashOf(dir: string): string {
  const hash = createHash('sha256');
  for (const path of filesBelow(dir)) {
    const { mode, mtimeMs, uid } = statSync(join(dir, path));
    hash.update(`${path} ${mode} ${mtimeMs} ${uid}\n`).update(readFileSync(join(dir, path)));
  }
  return hash.digest('hex');
}

describe('a gh-token', () => {
  test('a gh-token is delivered as its exact value, in a private directory of the container’s user', async () => {
    const { secrets, runDir } = host();
    secretFile(secrets, 'gh-token', `${TOKEN}\r\n`);
    const redactor = createRedactor();
    const delivered = await deliver(runDir, [tokenMount(secrets)], redactor);
    expect(delivered.names).toEqual(['gh-token']);
    expect(readFileSync(join(runDir, 'gh-token'), 'utf8')).toBe(TOKEN);
    for (const [path, mode] of [
      [runDir, 0o700],
      [join(runDir, 'gh-token'), 0o400],
    ] as const) {
      const stat = statSync(path);
      expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([mode, owner.uid, owner.gid]);
    }
    expect(redactor.mask(`push to https://x-access-token:${TOKEN}@github.com`)).not.toContain(TOKEN);
  });

  test('a gh-token that is a link in the mounted source is refused as one, and nobody is told to change where it leads', async () => {
    const { root: base, host: mountHost, remove } = makeMountHost();
    onTestFinished(remove);
    chmodSync(mountHost.secretsDir, 0o700);
    const token = join(mountHost.secretsDir, 'gh-token');
    symlinkSync(secretFile(join(base, 'srv/data'), 'elsewhere', TOKEN), token);
    const [mount] = resolveMounts(bindOf(token, '/run/secrets/gh-token'), mountHost);
    const refused = deliver(host().runDir, [mount as DeliverableMount]);
    await expect(refused).rejects.toMatchObject({
      code: 'token_file_not_regular',
      hint: expect.stringContaining(`rm ${token}`),
    });
    await expect(refused).rejects.not.toMatchObject({ hint: expect.stringContaining('srv/data') });
  });

  test('a gh-token of another name is checked like any token file', async () => {
    const { secrets, runDir } = host();
    secretFile(secrets, 'gh-token', `GH_TOKEN=${TOKEN}`);
    const mount = { ...tokenMount(secrets), name: 'github' } as DeliverableMount;
    await expect(deliver(runDir, [mount])).rejects.toMatchObject({ code: 'token_file_not_raw' });
  });
});

describe('a Codex state', () => {
  const configuration = [
    'AGENTS.md',
    'auth.json',
    'config.toml',
    'fast.config.toml',
    'hooks.json',
    'rules/default.rules',
    'skills/mine/SKILL.md',
  ];

  test('a Codex state is shared as configuration and a login without a refresh token, and stays as it was', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    const before = hashOf(state);
    await deliver(runDir, [codexMount(secrets)]);
    expect(filesBelow(join(runDir, 'codex'))).toEqual(configuration);
    expect(JSON.parse(readFileSync(join(runDir, 'codex/auth.json'), 'utf8'))).toEqual({
      auth_mode: 'chatgptAuthTokens',
      OPENAI_API_KEY: null,
      tokens: {
        id_token: login.idToken,
        access_token: login.accessToken,
        refresh_token: '',
        account_id: 'account-0001',
      },
      last_refresh: '2026-01-02T03:04:05.678Z',
    });
    expect(hashOf(state)).toBe(before);
  });

  test('a Codex state has no refresh token in any delivered byte, wherever on the host one was written', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    writeFileSync(join(state, 'auth.json.bak'), JSON.stringify(chatgptAuth(login)));
    await deliver(runDir, [codexMount(secrets)]);
    const all = execFileSync('tar', ['-cf', '-', '-C', runDir, '.'], { maxBuffer: 1e8 });
    for (const word of [login.refreshToken, 'rt_of_an_mcp_server', 'do-not-share', 'an old conversation']) {
      expect(all.includes(word)).toBe(false);
    }
    expect(all.includes(login.accessToken)).toBe(true);
  });

  test('a Codex state with a refresh token in a configuration file is refused, and nothing is left behind', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    writeFileSync(join(state, 'rules/note.md'), `my token: ${login.refreshToken}`);
    await expect(deliver(runDir, [codexMount(secrets)])).rejects.toMatchObject({
      code: 'refresh_token_in_copy',
    });
    expect(existsSync(runDir)).toBe(false);
  });

  test('a Codex state keeps an API key as it is, and drops old tokens beside it', async () => {
    const { secrets, runDir } = host();
    writeCodexState(join(secrets, 'codex'), {
      ...chatgptAuth(login),
      auth_mode: 'apikey',
      OPENAI_API_KEY: 'sk-the-key',
    });
    const redactor = createRedactor();
    await deliver(runDir, [codexMount(secrets)], redactor);
    const auth: unknown = JSON.parse(readFileSync(join(runDir, 'codex/auth.json'), 'utf8'));
    expect(auth).toEqual({ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-the-key' });
    expect(redactor.mask('sk-the-key')).toBe('[masked]');
  });

  test('a Codex state without a time of its last refresh gets one, for Codex wants it', async () => {
    const { secrets, runDir } = host();
    writeCodexState(join(secrets, 'codex'), { ...chatgptAuth(login), last_refresh: undefined });
    await deliver(runDir, [codexMount(secrets)]);
    const auth = JSON.parse(readFileSync(join(runDir, 'codex/auth.json'), 'utf8'));
    expect(auth.last_refresh).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('a Codex state may be copied on and written to by the agent’s user; scripts stay executable', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    writeFileSync(join(state, 'skills/mine/do.sh'), '#!/bin/sh\n');
    chmodSync(join(state, 'skills/mine/do.sh'), 0o755);
    await deliver(runDir, [codexMount(secrets)]);
    const mode = (path: string): number => statSync(join(runDir, 'codex', path)).mode & 0o7777;
    expect([mode('.'), mode('skills/mine'), mode('auth.json'), mode('skills/mine/do.sh')]).toEqual([
      0o700, 0o700, 0o600, 0o700,
    ]);
    const wrongOwner = filesBelow(runDir).filter((path) => statSync(join(runDir, path)).uid !== owner.uid);
    expect(wrongOwner).toEqual([]);
  });

  test('a Codex state is not left by symbolic links, and special files are passed over', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    const elsewhere = secretFile(secrets, 'other-secret', 'the secret of somebody else');
    symlinkSync(elsewhere, join(state, 'rules/link.rules'));
    symlinkSync(secrets, join(state, 'skills/all'));
    symlinkSync('.', join(state, 'skills/round'));
    symlinkSync(elsewhere, join(state, 'AGENTS.override.md'));
    execFileSync('mkfifo', [join(state, 'rules/pipe')]);
    await deliver(runDir, [codexMount(secrets)]);
    expect(filesBelow(join(runDir, 'codex'))).toEqual(configuration);
  });

  test('a Codex state with a file that the service’s user may not read is refused, and root reads it', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    chmodSync(join(state, 'rules/default.rules'), 0);
    const result = await deliver(runDir, [codexMount(secrets)]).catch((error: unknown) => error);
    expect(result).toMatchObject(root ? { names: ['codex'] } : { code: 'agent_state_unreadable' });
  });

  test('a Codex state of more files or bytes than configuration has is refused', async () => {
    const { secrets, runDir } = host();
    const state = writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    writeFileSync(join(state, 'skills/mine/model.bin'), Buffer.alloc(17 * 1024 * 1024));
    await expect(deliver(runDir, [codexMount(secrets)])).rejects.toMatchObject({
      code: 'agent_state_too_large',
    });
    const deep = host();
    const other = writeCodexState(join(deep.secrets, 'codex'), chatgptAuth(login));
    mkdirSync(join(other, 'skills', ...Array.from({ length: 30 }, () => 'd')), { recursive: true });
    await expect(deliver(deep.runDir, [codexMount(deep.secrets)])).rejects.toMatchObject({
      code: 'agent_state_too_large',
    });
  });

  test('whose login ends before the deadline of the run is reported before anything is written', async () => {
    const { secrets, runDir } = host();
    secretFile(secrets, 'gh-token', TOKEN);
    writeCodexState(join(secrets, 'codex'), chatgptAuth(fakeLogin(DEADLINE)));
    const error = await deliver(runDir, [tokenMount(secrets), codexMount(secrets)]).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'codex_login_expires',
      hint: expect.stringContaining('github-flows codex login'),
    });
    expect(existsSync(runDir)).toBe(false);
  });

  test('mounted as a directory of another name is a Codex state all the same', async () => {
    const { secrets, runDir } = host();
    const source = writeCodexState(join(secrets, 'team'), chatgptAuth(login));
    await deliver(runDir, [{ kind: 'credential', name: 'team', source }]);
    expect(filesBelow(join(runDir, 'team'))).toEqual(configuration);
  });
});

describe('other credentials', () => {
  test('an auth.json mounted as a file loses its refresh token', async () => {
    const { secrets, runDir } = host();
    const source = join(writeCodexState(join(secrets, 'codex'), chatgptAuth(login)), 'auth.json');
    await deliver(runDir, [{ kind: 'credential', name: 'login', source }]);
    const copy = readFileSync(join(runDir, 'login'), 'utf8');
    expect(copy).not.toContain(login.refreshToken);
    expect(copy).toContain(login.accessToken);
  });

  test('a state of Claude is copied whole, and a Codex login inside it without its refresh token', async () => {
    const { secrets, runDir } = host();
    const source = join(secrets, 'claude');
    mkdirSync(join(source, 'projects'), { recursive: true });
    chmodSync(source, 0o700);
    secretFile(
      source,
      '.credentials.json',
      '{"claudeAiOauth":{"accessToken":"claude-access","expiresAt":1}}',
    );
    secretFile(source, 'settings.json', '{"model":"claude-model-20260101-long-name"}');
    secretFile(join(source, 'projects'), 'auth.json', JSON.stringify(chatgptAuth(login)));
    const redactor = createRedactor();
    await deliver(runDir, [{ kind: 'agent-state', name: 'claude', source }], redactor);
    expect(filesBelow(runDir)).toEqual([
      'claude/.credentials.json',
      'claude/projects/auth.json',
      'claude/settings.json',
    ]);
    expect(readFileSync(join(runDir, 'claude/projects/auth.json'), 'utf8')).not.toContain(login.refreshToken);
    expect(redactor.mask('claude-access')).toBe('[masked]');
    expect(redactor.mask('claude-model-20260101-long-name')).toBe('claude-model-20260101-long-name');
  });

  test('an empty state directory is delivered as one', async () => {
    const { secrets, runDir } = host();
    mkdirSync(join(secrets, 'gemini'), { mode: 0o700 });
    await deliver(runDir, [{ kind: 'agent-state', name: 'gemini', source: join(secrets, 'gemini') }]);
    expect(statSync(join(runDir, 'gemini')).isDirectory()).toBe(true);
  });

  test('a file that is open to others, missing or too large is refused', async () => {
    const { secrets, runDir } = host();
    const source = secretFile(secrets, 'key', 'value');
    chmodSync(source, 0o644);
    const mount = (path: string): DeliverableMount => ({ kind: 'credential', name: 'key', source: path });
    await expect(deliver(runDir, [mount(source)])).rejects.toMatchObject({ code: 'credential_not_usable' });
    await expect(deliver(runDir, [mount(`${source}-not`)])).rejects.toMatchObject({
      code: 'credential_not_usable',
    });
    const large = secretFile(secrets, 'large', Buffer.alloc(1024 * 1024 + 1));
    await expect(deliver(runDir, [mount(large)])).rejects.toMatchObject({ code: 'credential_not_usable' });
  });

  test.each(['..', '.', '', 'a/b', '../x', 'a\0b', 'ü'])('the name %j is refused', async (name) => {
    const { secrets, runDir } = host();
    const source = secretFile(secrets, 'key', 'value');
    await expect(deliver(runDir, [{ kind: 'credential', name, source }])).rejects.toMatchObject({
      code: 'credential_name_invalid',
    });
  });

  test('two sources of one name are refused, the same source twice is one copy', async () => {
    const { secrets, runDir } = host();
    const one: DeliverableMount = {
      kind: 'credential',
      name: 'key',
      source: secretFile(secrets, 'one', 'value-one'),
    };
    const two: DeliverableMount = {
      kind: 'credential',
      name: 'key',
      source: secretFile(secrets, 'two', 'value-two'),
    };
    await expect(deliver(runDir, [one, two])).rejects.toMatchObject({ code: 'credential_name_twice' });
    expect((await deliver(runDir, [one, one, { kind: 'bind' }, { kind: 'tmpfs' }])).names).toEqual(['key']);
  });
});

describe('a delivery', () => {
  test('a delivery of credentials removes what an earlier attempt left', async () => {
    const { secrets, runDir } = host();
    secretFile(secrets, 'gh-token', TOKEN);
    mkdirSync(join(runDir, 'codex'), { recursive: true });
    writeFileSync(join(runDir, 'codex/auth.json'), 'old');
    await deliver(runDir, [tokenMount(secrets)]);
    expect(filesBelow(runDir)).toEqual(['gh-token']);
  });

  test('a delivery of credentials masks every value in logs until it is forgotten, the refresh token too', async () => {
    const { secrets, runDir } = host();
    secretFile(secrets, 'gh-token', TOKEN);
    writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    const redactor = createRedactor();
    const delivered = await deliver(runDir, [tokenMount(secrets), codexMount(secrets)], redactor);
    const all = [TOKEN, login.accessToken, login.idToken, login.refreshToken];
    for (const value of all) expect(redactor.mask(value)).toBe('[masked]');
    expect(delivered.values.map((value) => value.reveal())).not.toContain(login.refreshToken);
    delivered.forget();
    delivered.forget();
    // A JSON Web Token is known by its shape too.
    for (const value of all)
      expect(redactor.mask(value)).toBe(tokenIn(value) === undefined ? value : '[masked]');
    expect(all.filter((value) => tokenIn(value) === undefined)).not.toEqual([]);
  });

  test('a delivery of credentials is masked again by a service that was started anew', async () => {
    const { secrets, runDir } = host();
    secretFile(secrets, 'gh-token', TOKEN);
    writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    const { values } = await deliver(runDir, [tokenMount(secrets), codexMount(secrets)]);
    const redactor = createRedactor();
    const masked = await maskDelivered(runDir, redactor);
    expect(masked.values.map((value) => value.reveal()).toSorted()).toEqual(
      values.map((value) => value.reveal()).toSorted(),
    );
    expect(redactor.mask(TOKEN)).toBe('[masked]');
    masked.forget();
    expect(redactor.mask(TOKEN)).toBe(TOKEN);
    expect((await maskDelivered(join(runDir, 'not'), redactor)).values).toEqual([]);
  });

  test('forgets and removes everything when it cannot be written', async () => {
    const { secrets } = host();
    secretFile(secrets, 'gh-token', TOKEN);
    const redactor = createRedactor();
    const below = join(secretFile(secrets, 'a-file', 'x'), 'run');
    await expect(deliver(below, [tokenMount(secrets)], redactor)).rejects.toThrow();
    expect(redactor.mask(TOKEN)).toBe(TOKEN);
  });

  test('a delivery of credentials is removed whole, twice without harm', async () => {
    const { secrets, runDir } = host();
    writeCodexState(join(secrets, 'codex'), chatgptAuth(login));
    await deliver(runDir, [codexMount(secrets)]);
    await removeSecrets(runDir);
    await removeSecrets(runDir);
    expect(existsSync(runDir)).toBe(false);
  });
});
