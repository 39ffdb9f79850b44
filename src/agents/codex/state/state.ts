import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { asFlowError, FlowError, type Problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import {
  accessIssues,
  describeFileIssue,
  type FileIssue,
  openDirectory,
  readEntry,
  serviceUid,
} from '../../../credentials/private-file.ts';
import { accountOf, type CodexAccount, type CodexAuth, jwtExpiry, parseCodexAuth } from './auth.ts';
import { type CodexConfig, parseCodexConfig } from './config.ts';
import { endingError, isRenewable } from './expiry.ts';
import { refreshRefused, refusedAt, tokenPrint } from './refused.ts';

/** A Codex state directory as the service sees it; times in milliseconds since 1970. */
export type CodexState = {
  dir: string;
  /** `none` without a login; `chatgpt-tokens` is a login without a refresh token. */
  mode: CodexAuth['mode'];
  account: CodexAccount | null;
  accessExpiresAt: number | null;
  /** Seconds until the access token expires, 0 when it has expired; null for one without an expiry. */
  accessExpiresInSec: number | null;
  /** Whether the service renews the access token before a run that would outlast it. */
  isRenewable: boolean;
  lastRefresh: number | null;
  store: CodexConfig['store'];
  /** The model that config.toml names; null means Codex's own choice. */
  model: string | null;
  /** Everything that would keep a run from using it, each with the command that fixes it. */
  problems: readonly Problem[];
};

/** What was read of a state directory, through descriptors; `issues` is empty when it can be shared. */
type CodexReading = { auth: CodexAuth; config: CodexConfig; issues: readonly FlowError[] };

const MAX_BYTES = 1024 * 1024;
const NO_LOGIN: CodexAuth = { mode: 'none' };
const NO_CONFIG = Buffer.alloc(0);
const LOG_IN = 'Log in with `github-flows codex login`.';

const CODES: Partial<Record<FileIssue['kind'], { code: string }>> = {
  missing: { code: 'codex_state_missing' },
  'open-to-others': { code: 'codex_state_readable_by_others' },
  'wrong-owner': { code: 'codex_state_wrong_owner' },
};

/** Reads the state in `dir`, changes nothing and sends no request; throws nothing, all errors are `problems`. */
export async function inspectCodexState(dir: string, nowMs: number): Promise<CodexState> {
  const directory = await openDirectory(dir);
  if ('kind' in directory) {
    const config = parseCodexConfig(NO_CONFIG, dir);
    return { ...summary(dir, NO_LOGIN, config, nowMs), problems: [stateError(directory).toProblem()] };
  }
  try {
    const { auth, config, issues } = await readCodexState(directory, dir);
    const ending = endingError(dir, auth, nowMs);
    const refused = (await refusedAt(directory, dir, auth)) === null ? undefined : refreshRefused(dir);
    const all = [...issues, ending, refused].filter((issue) => issue !== undefined);
    return { ...summary(dir, auth, config, nowMs), problems: all.map((issue) => issue.toProblem()) };
  } finally {
    await directory.close();
  }
}

/** Reads login and configuration in the open directory `dir`, and gathers what is wrong with them and with it. */
export async function readCodexState(directory: FileHandle, dir: string): Promise<CodexReading> {
  const issues = accessIssues(dir, await directory.stat(), serviceUid()).map((issue) => stateError(issue));
  const config = await readConfig(directory, join(dir, 'config.toml'), issues);
  const before = issues.length;
  const auth = await readAuth(directory, join(dir, 'auth.json'), issues);
  if (config.store === 'keyring' || config.store === 'ephemeral') issues.push(notInFile(dir, config.store));
  else if (auth.mode === 'none' && config.needsLogin && issues.length === before) {
    issues.push(config.store === 'auto' ? notInFile(dir, 'auto') : loggedOut(dir));
  }
  return { auth, config, issues };
}

/** A state directory, or a file of it, that cannot be opened or that others may use, as an error; `create` makes it. */
export function stateError(issue: FileIssue, create = LOG_IN): FlowError {
  return new FlowError({
    blame: 'operator',
    ...(CODES[issue.kind] ?? { code: 'codex_state_unreadable' }),
    ...describeFileIssue('The Codex state', issue, create),
  });
}

async function readConfig(directory: FileHandle, path: string, issues: FlowError[]): Promise<CodexConfig> {
  const reading = await readEntry(directory, path, MAX_BYTES);
  if ('content' in reading) {
    try {
      return parseCodexConfig(reading.content, path);
    } catch (error) {
      issues.push(asFlowError(error));
    }
  } else if (reading.issues[0].kind !== 'missing') {
    issues.push(stateError(reading.issues[0], 'Write the configuration there as a file.'));
  }
  return parseCodexConfig(NO_CONFIG, path);
}

async function readAuth(directory: FileHandle, path: string, issues: FlowError[]): Promise<CodexAuth> {
  const reading = await readEntry(directory, path, MAX_BYTES);
  if ('content' in reading) {
    issues.push(...accessIssues(path, reading.stat, serviceUid()).map((issue) => stateError(issue)));
    try {
      return parseCodexAuth(reading.content, path);
    } catch (error) {
      issues.push(asFlowError(error));
    }
  } else if (reading.issues[0].kind !== 'missing') issues.push(stateError(reading.issues[0]));
  return NO_LOGIN;
}

function summary(
  dir: string,
  auth: CodexAuth,
  config: CodexConfig,
  nowMs: number,
): Omit<CodexState, 'problems'> {
  const tokens = 'accessToken' in auth ? auth : undefined;
  const end = tokens ? jwtExpiry(tokens.accessToken) : null;
  return {
    dir,
    mode: auth.mode,
    account: tokens ? { ...accountOf(tokens.idToken), id: tokens.accountId } : null,
    accessExpiresAt: end,
    accessExpiresInSec: end === null ? null : Math.max(0, Math.floor((end - nowMs) / 1000)),
    isRenewable: isRenewable(auth),
    lastRefresh: tokens?.lastRefresh ? Date.parse(tokens.lastRefresh) : null,
    store: config.store,
    model: config.model,
  };
}

function loggedOut(dir: string): FlowError {
  return new FlowError({
    code: 'codex_logged_out',
    blame: 'operator',
    message: `There is no Codex login in ${dir}.`,
    hint: LOG_IN,
  });
}

function notInFile(dir: string, store: string): FlowError {
  return new FlowError({
    code: 'codex_login_not_in_file',
    blame: 'operator',
    message: `The Codex configuration in ${dir} keeps the login outside auth.json (cli_auth_credentials_store is "${store}"), from where no run can be handed it.`,
    hint: `Set \`cli_auth_credentials_store = "file"\` in ${join(dir, 'config.toml')}, then run \`github-flows codex login\`.`,
  });
}

/** A ChatGPT login that can be refreshed; the prints are digests of its tokens. */
export type RefreshableLogin = {
  /** Milliseconds since 1970. */
  accessExpiresAt: number;
  accessPrint: string;
  refreshPrint: string;
  /** When the login server refused to renew it; null when it did not. */
  refusedAt: number | null;
  /** What no log may show. */
  secrets: readonly Secret[];
};

/**
 * The login in the Codex state `dir` that a refresh could renew; undefined for an API key, a login without a refresh
 * token, an access token without an expiry, and a state that is missing or cannot be shared.
 */
export async function refreshableLogin(dir: string): Promise<RefreshableLogin | undefined> {
  const directory = await openDirectory(dir);
  if ('kind' in directory) return undefined;
  try {
    const { auth, issues } = await readCodexState(directory, dir);
    if (issues.length > 0 || auth.mode !== 'chatgpt' || auth.refreshToken === '') return undefined;
    const accessExpiresAt = jwtExpiry(auth.accessToken);
    if (accessExpiresAt === null) return undefined;
    return {
      accessExpiresAt,
      accessPrint: tokenPrint(auth.accessToken),
      refreshPrint: tokenPrint(auth.refreshToken),
      refusedAt: await refusedAt(directory, dir, auth),
      secrets: [auth.idToken, auth.accessToken, auth.refreshToken].map((value) => new Secret(value)),
    };
  } finally {
    await directory.close();
  }
}
