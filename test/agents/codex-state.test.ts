import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectCodexState } from '../../src/agents/codex/state/state.ts';
import { chatgptAuth, fakeLogin, jsonWebToken, writeCodexState } from '../support/codex/login.ts';
import { secretsDirectory } from '../support/profiles/secrets-directory.ts';

const NOW = Date.UTC(2026, 0, 10);
const LATER = NOW + 24 * 60 * 60 * 1000;
const login = fakeLogin(LATER);
const chatgpt = chatgptAuth(login);

function stateWith(auth: unknown, config?: string | Uint8Array): string {
  const dir = writeCodexState(join(secretsDirectory(), 'codex'), auth);
  if (config !== undefined) writeFileSync(join(dir, 'config.toml'), config);
  return dir;
}

async function codes(dir: string, nowMs = NOW): Promise<string[]> {
  const { problems } = await inspectCodexState(dir, nowMs);
  for (const { message, hint } of problems) {
    expect(message + hint).not.toContain(login.refreshToken);
    expect(hint).not.toBe('');
  }
  return problems.map(({ code }) => code);
}

describe('a login', () => {
  test('a Codex login with a ChatGPT account is reported with account, expiry, refresh and model', async () => {
    const dir = stateWith(chatgpt);
    expect(await inspectCodexState(dir, NOW)).toEqual({
      dir,
      mode: 'chatgpt',
      account: { email: 'dev@example.com', plan: 'pro', id: 'account-0001' },
      accessExpiresAt: LATER,
      accessExpiresInSec: (LATER - NOW) / 1000,
      isRenewable: true,
      lastRefresh: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      store: 'file',
      model: 'gpt-test',
      problems: [],
    });
  });

  test('a Codex login with an API key is reported, also in the form without a mode', async () => {
    for (const auth of [{ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-key' }, { OPENAI_API_KEY: 'sk-key' }]) {
      const state = await inspectCodexState(stateWith(auth), NOW);
      expect(state).toMatchObject({ mode: 'api-key', account: null, accessExpiresAt: null, problems: [] });
    }
  });

  test('a Codex login that was shared before is fit to be shared again', async () => {
    const tokens = { ...(chatgpt.tokens as object), refresh_token: '' };
    const state = await inspectCodexState(
      stateWith({ ...chatgpt, auth_mode: 'chatgptAuthTokens', tokens }),
      NOW,
    );
    expect(state).toMatchObject({ mode: 'chatgpt-tokens', problems: [] });
  });

  test('a Codex login of an access token that does not say when it ends is trusted', async () => {
    for (const access_token of [
      'opaque',
      jsonWebToken({}),
      jsonWebToken({ exp: 'soon' }),
      jsonWebToken({ exp: 1e300 }),
    ]) {
      const tokens = { ...(chatgpt.tokens as object), access_token };
      const state = await inspectCodexState(stateWith({ ...chatgpt, tokens }), NOW);
      expect(state).toMatchObject({ accessExpiresAt: null, problems: [] });
    }
  });

  test('a Codex login that nobody can renew is reported half an hour before its access token ends, and after, with the command', async () => {
    const tokens = { ...(chatgpt.tokens as object), refresh_token: '' };
    for (const auth_mode of ['chatgpt', 'chatgptAuthTokens']) {
      const dir = stateWith({ ...chatgpt, auth_mode, tokens });
      expect(await codes(dir, LATER - 31 * 60_000)).toEqual([]);
      expect(await codes(dir, LATER - 29 * 60_000)).toEqual(['codex_login_expires']);
      expect(await codes(dir, LATER)).toEqual(['codex_login_expired']);
      const { problems } = await inspectCodexState(dir, LATER);
      expect(problems[0]?.hint).toContain('`github-flows codex login`');
    }
  });

  test('a Codex login that the service renews before the next run is reported as usable, whatever is left of its access token', async () => {
    const dir = stateWith(chatgpt);
    expect(await inspectCodexState(dir, LATER - 1500)).toMatchObject({
      accessExpiresInSec: 1,
      isRenewable: true,
      problems: [],
    });
    expect(await inspectCodexState(dir, LATER + 1)).toMatchObject({ accessExpiresInSec: 0, problems: [] });
  });

  test('whose claims carry control characters does not bring them to the terminal', async () => {
    const id_token = jsonWebToken({ email: 'a\u001b]52;c;x\u0007@b', 'https://api.openai.com/auth': [] });
    const state = await inspectCodexState(
      stateWith({ ...chatgpt, tokens: { ...(chatgpt.tokens as object), id_token } }),
      NOW,
    );
    expect(state.account?.email).toBeNull();
  });
});

describe('a state that cannot be used', () => {
  test('because there is no directory', async () => {
    expect(await codes(join(secretsDirectory(), 'codex'))).toEqual(['codex_state_missing']);
  });

  test('because it is a file', async () => {
    const file = join(secretsDirectory(), 'codex');
    writeFileSync(file, '');
    expect(await codes(file)).toEqual(['codex_state_unreadable']);
  });

  test('because nobody is logged in', async () => {
    expect(await codes(stateWith(undefined))).toEqual(['codex_logged_out']);
    expect(await codes(stateWith({ OPENAI_API_KEY: null }))).toEqual(['codex_logged_out']);
    expect(await codes(stateWith({ auth_mode: 'apikey', OPENAI_API_KEY: '' }))).toEqual(['codex_logged_out']);
    expect(await codes(stateWith({ auth_mode: 'chatgpt', OPENAI_API_KEY: null }))).toEqual([
      'codex_logged_out',
    ]);
  });

  test.each([
    ['empty', ''],
    ['cut in the middle', JSON.stringify(chatgpt).slice(0, 200)],
    ['a list', '[]'],
    ['null', 'null'],
    ['not UTF-8', '{"OPENAI_API_KEY":"\udc00'],
    ['a key that is a number', { OPENAI_API_KEY: 7 }],
    ['tokens that are a list', { auth_mode: 'chatgpt', tokens: [] }],
    ['tokens without an id token', { tokens: { access_token: 'a', refresh_token: 'r' } }],
    ['tokens without a refresh token', { tokens: { id_token: login.idToken, access_token: 'a' } }],
    ['an id token that is none', { tokens: { id_token: 'a.b.c', access_token: 'a', refresh_token: 'r' } }],
    ['a refresh time that is none', { ...chatgpt, last_refresh: 'yesterday' }],
  ])('because auth.json is broken: %s', async (_, auth) => {
    expect(await codes(stateWith(auth))).toEqual(['codex_auth_broken']);
  });

  test('because the login is of a kind that cannot be shared', async () => {
    expect(await codes(stateWith({ auth_mode: 'agentIdentity', agent_identity: 'x' }))).toEqual([
      'codex_auth_mode_unknown',
    ]);
  });

  test('because the login is in a keyring or nowhere', async () => {
    const config = (store: string): string => `cli_auth_credentials_store = "${store}"\n`;
    expect(await codes(stateWith(undefined, config('keyring')))).toEqual(['codex_login_not_in_file']);
    expect(await codes(stateWith(chatgpt, config('keyring')))).toEqual(['codex_login_not_in_file']);
    expect(await codes(stateWith(chatgpt, config('ephemeral')))).toEqual(['codex_login_not_in_file']);
    expect(await codes(stateWith(undefined, config('auto')))).toEqual(['codex_login_not_in_file']);
    expect(await codes(stateWith(chatgpt, config('auto')))).toEqual([]);
  });

  test.each([
    ['not TOML', 'model = \n', /line 1, column/],
    ['of another type', 'model = 5\n', /`model`/],
    ['of an unknown store', 'cli_auth_credentials_store = "cloud"\n', /cli_auth_credentials_store/],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), /UTF-8/],
  ])('because config.toml is %s', async (_, config, message) => {
    const dir = stateWith(chatgpt, config);
    expect(await codes(dir)).toEqual(['codex_config_broken']);
    expect((await inspectCodexState(dir, NOW)).problems[0]?.message).toMatch(message);
  });

  test('because others may read it', async () => {
    const dir = stateWith(chatgpt);
    chmodSync(dir, 0o750);
    chmodSync(join(dir, 'auth.json'), 0o644);
    const { problems } = await inspectCodexState(dir, NOW);
    expect(problems.map(({ code }) => code)).toEqual([
      'codex_state_readable_by_others',
      'codex_state_readable_by_others',
    ]);
    expect(problems.map(({ hint }) => hint)).toEqual([
      `Run \`chmod 700 ${dir}\`.`,
      `Run \`chmod 600 ${dir}/auth.json\`.`,
    ]);
  });

  test('because auth.json or config.toml is a link, a directory or too large', async () => {
    const dir = stateWith(chatgpt);
    rmSync(join(dir, 'auth.json'));
    symlinkSync('/etc/passwd', join(dir, 'auth.json'));
    expect(await codes(dir)).toEqual(['codex_state_unreadable']);
    rmSync(join(dir, 'auth.json'));
    writeFileSync(join(dir, 'auth.json'), ' '.repeat(2_000_000), { mode: 0o600 });
    expect(await codes(dir)).toEqual(['codex_state_unreadable']);
    rmSync(join(dir, 'config.toml'));
    mkdirSync(join(dir, 'config.toml'));
    expect(await codes(dir)).toEqual(['codex_state_unreadable', 'codex_state_unreadable']);
  });

  test('several errors of a state are reported at once', async () => {
    const dir = stateWith('{', 'model = ');
    chmodSync(dir, 0o755);
    expect(await codes(dir)).toEqual([
      'codex_state_readable_by_others',
      'codex_config_broken',
      'codex_auth_broken',
    ]);
  });
});

test('a model provider of one’s own needs no login, OpenAI’s does', async () => {
  const provider = (extra: string): string =>
    `model_provider = "mine"\n[model_providers.mine]\nname = "mine"\nbase_url = "http://127.0.0.1/v1"\n${extra}`;
  expect(await codes(stateWith(undefined, provider('')))).toEqual([]);
  expect(await codes(stateWith(undefined, provider('requires_openai_auth = true\n')))).toEqual([
    'codex_logged_out',
  ]);
  expect(await codes(stateWith(undefined, 'model_provider = "mine"\n'))).toEqual(['codex_logged_out']);
  expect(await codes(stateWith(undefined, 'model_provider = "__proto__"\n[model_providers]\n'))).toEqual([
    'codex_logged_out',
  ]);
});

test('whatever JSON is in auth.json, the state is reported and nothing is thrown', async () => {
  const dir = stateWith(chatgpt);
  const text = fc.oneof(fc.string(), fc.constant(null), fc.integer(), fc.constant(login.idToken));
  const auth = fc.record(
    {
      auth_mode: fc.oneof(text, fc.constantFrom('chatgpt', 'apikey', 'chatgptAuthTokens')),
      OPENAI_API_KEY: text,
      last_refresh: text,
      tokens: fc.oneof(
        fc.record({ id_token: text, access_token: text, refresh_token: text }, { requiredKeys: [] }),
        text,
      ),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(auth, fc.json()), async (value) => {
      writeFileSync(join(dir, 'auth.json'), typeof value === 'string' ? value : JSON.stringify(value));
      const state = await inspectCodexState(dir, NOW);
      return state.mode !== 'none' || state.problems.length > 0;
    }),
    { numRuns: 300 },
  );
});
