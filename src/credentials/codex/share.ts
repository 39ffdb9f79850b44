import type { FileHandle } from 'node:fs/promises';
import { Secret } from '../../base/secret.ts';
import { openDirectory } from '../private-file.ts';
import { readTree, type TreeFile } from '../read-tree.ts';
import { type CodexAuth, shareableAuth } from './auth.ts';
import { expiryFault, type Lifetime } from './expiry.ts';
import { readCodexState, stateFault } from './state.ts';

/** What a run gets of a Codex state, and the refresh token that it does not get. */
export type CodexShare = { files: readonly TreeFile[]; withheld: readonly Secret[] };

/** Configuration is small; whatever is not is in the wrong place. */
const LIMITS = { entries: 4000, bytes: 16 * 1024 * 1024, depth: 12 };

/** Names at the top that Codex reads and a person writes; profiles of `--profile` are `<name>.config.toml`. */
const FILES = /^(config\.toml|[^/]+\.config\.toml|AGENTS\.md|AGENTS\.override\.md|hooks\.json)$/;
const FOLDERS = /^(rules|skills|prompts|agents)(\/|$)/;
/** Codex writes its own skills there at every start. */
const GENERATED = /^skills\/\.system(\/|$)/;

/**
 * The share of the state in `dir`: configuration files, and an `auth.json` that holds no refresh token. Sessions,
 * databases, logs, history, caches, logins of MCP servers, and `.env` (Codex would make variables of it that every
 * command of the agent sees) stay behind. `times` asks that the login last until `untilMs`.
 *
 * Throws the first problem of `inspectCodexState`, `codex_login_expires`, or a fault of `readTree`.
 */
export async function codexShare(dir: string, times?: Lifetime): Promise<CodexShare> {
  const directory = await openDirectory(dir);
  if ('kind' in directory) throw stateFault(directory);
  try {
    const { auth, faults } = await readCodexState(directory, dir);
    const fault = faults[0] ?? (times && expiryFault(dir, auth, times));
    if (fault) throw fault;
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
