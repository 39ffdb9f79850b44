import type { FileHandle } from 'node:fs/promises';
import { Secret } from '../../../base/secret.ts';
import { openDirectory } from '../../../credentials/private-file.ts';
import { readTree, type TreeFile } from '../../../credentials/read-tree.ts';
import type { Lifetime, LoginShare, LoginSharing } from '../../agent.ts';
import { type CodexAuth, parseCodexAuth, shareableAuth } from './auth.ts';
import { expiryError } from './expiry.ts';
import { inspectCodexState, readCodexState, stateError } from './state.ts';
import { codexSummary } from './summary.ts';

/** Configuration is small; whatever is not is in the wrong place. */
const LIMITS = { entries: 4000, bytes: 16 * 1024 * 1024, depth: 12 };

/** Names at the top that Codex reads and a person writes; profiles of `--profile` are `<name>.config.toml`. */
const FILES = /^(config\.toml|[^/]+\.config\.toml|AGENTS\.md|AGENTS\.override\.md|hooks\.json)$/;
const FOLDERS = /^(rules|skills|prompts|agents)(\/|$)/;
/** Codex writes its own skills there at every start. */
const GENERATED = /^skills\/\.system(\/|$)/;

/** What runs get of a Codex login, as the contract has it. */
export const codexSharing: LoginSharing = {
  share: codexShare,
  shareFile(content, path) {
    const auth = loginIn(content, path);
    if (!auth) return undefined;
    return {
      content: Buffer.from(shareableAuth(auth, new Date(0).toISOString())),
      withheld: withheld(auth),
    };
  },
  async inspect(dir, nowMs) {
    const state = await inspectCodexState(dir, nowMs);
    return {
      isAbsent: state.problems.some(({ code }) => code === 'codex_state_missing'),
      summary: codexSummary(state, nowMs),
      problems: state.problems,
    };
  },
};

/**
 * The share of the state in `dir`: configuration files, and an `auth.json` that holds no refresh token. Sessions,
 * databases, logs, history, caches, logins of MCP servers, and `.env` (Codex would make variables of it that every
 * command of the agent sees) stay behind. With `times` the login has to last until `untilMs`.
 *
 * Throws the first problem of `inspectCodexState`, `codex_login_expires`, or an error of `readTree`.
 */
export async function codexShare(dir: string, times?: Lifetime): Promise<LoginShare> {
  const directory = await openDirectory(dir);
  if ('kind' in directory) throw stateError(directory);
  try {
    const { auth, issues } = await readCodexState(directory, dir);
    const issue = issues[0] ?? (times && expiryError(dir, auth, times));
    if (issue) throw issue;
    const files = await readTree(directory, dir, LIMITS, isConfiguration);
    return { files: [...(await sharedAuth(directory, auth)), ...files], withheld: withheld(auth) };
  } finally {
    await directory.close();
  }
}

function isConfiguration(path: string, directory: boolean): boolean {
  if (path.includes('/')) return !GENERATED.test(path);
  return directory ? FOLDERS.test(path) : FILES.test(path);
}

async function sharedAuth(directory: FileHandle, auth: CodexAuth): Promise<TreeFile[]> {
  if (auth.mode === 'none') return [];
  const { mtime } = await directory.stat();
  const content = Buffer.from(shareableAuth(auth, mtime.toISOString()));
  return [{ path: 'auth.json', content, executable: false }];
}

function withheld(auth: CodexAuth): Secret[] {
  return 'refreshToken' in auth && auth.refreshToken !== '' ? [new Secret(auth.refreshToken)] : [];
}

/** The Codex login in an `auth.json`; undefined when it is another program's, an error when that is not certain. */
function loginIn(content: Buffer, path: string): Exclude<CodexAuth, { mode: 'none' }> | undefined {
  try {
    const auth = parseCodexAuth(content, path);
    return auth.mode === 'none' ? undefined : auth;
  } catch (error) {
    if (content.includes('refresh_token')) throw error;
    return undefined;
  }
}
