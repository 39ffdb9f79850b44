import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Tokens of a made-up ChatGPT login; the access token runs out at `expiresAt` (milliseconds since 1970). */
export type FakeLogin = { idToken: string; accessToken: string; refreshToken: string };

/** An unsigned JSON web token with these claims; Codex does not verify those of an auth.json. */
export function jsonWebToken(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('not a signature').toString('base64url')}`;
}

/** Tokens as OpenAI's login server gives them, for nobody. */
export function fakeLogin(expiresAt: number): FakeLogin {
  return {
    idToken: jsonWebToken({
      email: 'dev@example.com',
      'https://api.openai.com/auth': {
        chatgpt_plan_type: 'pro',
        chatgpt_user_id: 'user-0001',
        chatgpt_account_id: 'account-0001',
      },
    }),
    accessToken: jsonWebToken({ exp: Math.floor(expiresAt / 1000), scope: 'offline_access' }),
    refreshToken: 'rt_RefreshTokenThatNoContainerMayEverSee_0123456789',
  };
}

/** The auth.json that `codex login` writes for a ChatGPT account. */
export function chatgptAuth(login: FakeLogin): Record<string, unknown> {
  return {
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: {
      id_token: login.idToken,
      access_token: login.accessToken,
      refresh_token: login.refreshToken,
      account_id: 'account-0001',
    },
    last_refresh: '2026-01-02T03:04:05.678901234Z',
  };
}

/** Makes a state directory at `dir` with this auth.json and the files that a used Codex home has. */
export function writeCodexState(dir: string, auth: unknown): string {
  mkdirSync(dir, { mode: 0o700, recursive: true });
  const files: Record<string, string> = {
    'config.toml': 'model = "gpt-test"\n',
    'fast.config.toml': 'model = "gpt-fast"\n',
    'AGENTS.md': 'Be kind.\n',
    'hooks.json': '{}\n',
    'rules/default.rules': '# Nothing is decided here.\n',
    'skills/mine/SKILL.md': '---\nname: mine\ndescription: A skill of the tests.\n---\n',
    'skills/.system/theirs/SKILL.md': '---\nname: theirs\ndescription: Codex wrote it.\n---\n',
    'sessions/2026/01/rollout-1.jsonl': '{"text":"an old conversation"}\n',
    'history.jsonl': '{"text":"what was typed"}\n',
    'state_5.sqlite': 'SQLite format 3\0',
    'log/codex-tui.log': 'log\n',
    installation_id: 'id\n',
    '.env': 'SECRET_VARIABLE=do-not-share\n',
    '.credentials.json': '{"refresh_token":"rt_of_an_mcp_server"}\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  if (auth !== undefined) {
    const text = typeof auth === 'string' ? auth : JSON.stringify(auth, null, 2);
    writeFileSync(join(dir, 'auth.json'), text, { mode: 0o600 });
  }
  return dir;
}
