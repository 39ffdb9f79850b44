import { isUtf8 } from 'node:buffer';
import { FlowError } from '../../../base/errors.ts';
import { isObject, type JsonObject } from '../../../base/json.ts';
import { quoted } from '../../../base/text.ts';

/** The login in a Codex `auth.json`; `lastRefresh` is ISO 8601. */
export type CodexAuth =
  | { mode: 'none' }
  | { mode: 'api-key'; key: string }
  | {
      /** `chatgpt-tokens` is a login that was shared already: it has no refresh token. */
      mode: 'chatgpt' | 'chatgpt-tokens';
      idToken: string;
      accessToken: string;
      refreshToken: string;
      accountId: string | null;
      lastRefresh: string | null;
    };

/** Whom a ChatGPT login belongs to, as its id token claims; nothing is verified, it is for people to read. */
export type CodexAccount = { email: string | null; plan: string | null; id: string | null };

const AUTH_CLAIMS = 'https://api.openai.com/auth';
const PROFILE_CLAIMS = 'https://api.openai.com/profile';

/**
 * Reads the bytes of the `auth.json` at `file`. Codex itself decides by the same rules:
 * https://github.com/openai/codex/blob/main/codex-rs/login/src/auth/storage.rs
 *
 * Throws `codex_auth_broken` for what Codex could not read, `codex_auth_mode_unknown` for a login that cannot be shared.
 */
export function parseCodexAuth(content: Buffer, file: string): CodexAuth {
  const auth = asObject(parseJson(content, file));
  if (!auth) throw authBroken(file, 'it is not a JSON object');
  const key = optionalText(auth, 'OPENAI_API_KEY', file);
  const tokens = auth.tokens ?? null;
  const mode = optionalText(auth, 'auth_mode', file) ?? (key ? 'apikey' : 'chatgpt');
  if (mode === 'apikey') return key ? { mode: 'api-key', key } : { mode: 'none' };
  if (mode !== 'chatgpt' && mode !== 'chatgptAuthTokens') throw authModeUnknown(file, mode);
  if (tokens === null) return { mode: 'none' };
  const fields = asObject(tokens);
  if (!fields) throw authBroken(file, 'its `tokens` is not an object');
  const idToken = requiredText(fields, 'id_token', file);
  const accessToken = requiredText(fields, 'access_token', file);
  if (!jwtClaims(idToken)) throw authBroken(file, 'its `id_token` is not a JSON web token');
  if (accessToken === '') return { mode: 'none' };
  return {
    mode: mode === 'chatgpt' ? 'chatgpt' : 'chatgpt-tokens',
    idToken,
    accessToken,
    refreshToken: requiredText(fields, 'refresh_token', file),
    accountId: optionalText(fields, 'account_id', file) ?? accountOf(idToken).id,
    lastRefresh: refreshTime(auth, file),
  };
}

/**
 * The `auth.json` that a container may have: an API key as it is; a ChatGPT login as `chatgptAuthTokens` with an empty
 * refresh token, which Codex never tries to refresh. `issuedAt` (ISO 8601) stands in for a `last_refresh` that is not
 * there, without which Codex takes the tokens for absent.
 */
export function shareableAuth(auth: Exclude<CodexAuth, { mode: 'none' }>, issuedAt: string): string {
  const shared =
    auth.mode === 'api-key'
      ? { auth_mode: 'apikey', OPENAI_API_KEY: auth.key }
      : {
          auth_mode: 'chatgptAuthTokens',
          OPENAI_API_KEY: null,
          tokens: {
            id_token: auth.idToken,
            access_token: auth.accessToken,
            refresh_token: '',
            account_id: auth.accountId,
          },
          last_refresh: auth.lastRefresh ?? issuedAt,
        };
  return `${JSON.stringify(shared, null, 2)}\n`;
}

/** Whom an id token names. */
export function accountOf(idToken: string): CodexAccount {
  const claims = jwtClaims(idToken) ?? {};
  const auth = asObject(claims[AUTH_CLAIMS]) ?? {};
  const profile = asObject(claims[PROFILE_CLAIMS]) ?? {};
  return {
    email: shown(claims.email) ?? shown(profile.email),
    plan: shown(auth.chatgpt_plan_type),
    id: shown(auth.chatgpt_account_id),
  };
}

/** When a JSON web token expires, in milliseconds since 1970; null for one without an expiry, and for what is none. */
export function jwtExpiry(token: string): number | null {
  const seconds = jwtClaims(token)?.exp;
  const ms = typeof seconds === 'number' ? Math.floor(seconds * 1000) : Number.NaN;
  return Number.isNaN(new Date(ms).getTime()) ? null : ms;
}

function jwtClaims(token: string): Record<string, unknown> | undefined {
  const parts = token.split('.');
  if (parts.length < 3 || parts.slice(0, 3).includes('')) return undefined;
  try {
    return asObject(JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()));
  } catch {
    return undefined;
  }
}

function parseJson(content: Buffer, file: string): unknown {
  if (!isUtf8(content)) throw authBroken(file, 'it is not UTF-8 text');
  try {
    return JSON.parse(content.toString());
  } catch {
    throw authBroken(file, 'it is not JSON');
  }
}

function refreshTime(auth: Record<string, unknown>, file: string): string | null {
  const text = optionalText(auth, 'last_refresh', file);
  const time = new Date(text ?? 0);
  if (Number.isNaN(time.getTime())) throw authBroken(file, 'its `last_refresh` is not a time');
  return text === null ? null : time.toISOString();
}

function requiredText(object: JsonObject, name: string, file: string): string {
  const text = optionalText(object, name, file);
  if (text === null) throw authBroken(file, `it has no \`${name}\``);
  return text;
}

function optionalText(object: JsonObject, name: string, file: string): string | null {
  const value = object[name] ?? null;
  if (value !== null && typeof value !== 'string') throw authBroken(file, `its \`${name}\` is not a text`);
  return value;
}

function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** A claim that is fit to be printed. */
function shown(value: unknown): string | null {
  return typeof value === 'string' && /^[^\p{C}]{1,256}$/u.test(value) ? value : null;
}

function authBroken(file: string, why: string): FlowError {
  return new FlowError({
    code: 'codex_auth_broken',
    blame: 'operator',
    message: `The Codex login in ${file} cannot be read: ${why}.`,
    hint: 'Log in again with `github-flows codex login`.',
  });
}

function authModeUnknown(file: string, mode: string): FlowError {
  return new FlowError({
    code: 'codex_auth_mode_unknown',
    blame: 'operator',
    message: `The Codex login in ${file} is of the kind ${quoted(mode, 60)}, which cannot be shared with containers.`,
    hint: 'Log in with a ChatGPT account by `github-flows codex login`, or with an API key.',
  });
}
