import { basename, join } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { shellQuote } from '../../base/text.ts';
import { type CodexAuth, parseCodexAuth, shareableAuth } from '../codex/auth.ts';
import type { Lifetime } from '../codex/expiry.ts';
import { codexShare } from '../codex/share.ts';
import { describeFault } from '../file-messages.ts';
import { readGhToken } from '../github/gh-token-file.ts';
import {
  accessFaults,
  type FileFault,
  openDirectory,
  readEntry,
  readPrivateFile,
  serviceUid,
} from '../private-file.ts';
import { readTree, type TreeFile } from '../read-tree.ts';

/** A credential as it will lie in the run's secrets directory: `files` have paths relative to that, `withheld` stays here. */
export type Copy = {
  name: string;
  directory: boolean;
  files: readonly TreeFile[];
  withheld: readonly Secret[];
};

/** A value that is in hand already, as the file `name`: no line end is added. */
export function valueCopy(name: string, value: Secret): Copy {
  const files = [{ path: name, content: Buffer.from(value.reveal()), executable: false }];
  return { name, directory: false, files, withheld: [] };
}

const MAX_FILE_BYTES = 1024 * 1024;
const TREE_LIMITS = { entries: 4000, bytes: 32 * 1024 * 1024, depth: 16 };

/**
 * Reads the credential at `source` for delivery under `name`: a token file as its exact value; a Codex state (by its
 * name, or because it holds an `auth.json`) as `codexShare`; any other directory or file whole, but for the refresh
 * token of an `auth.json` in it. Claude's and Gemini's states are such directories: their own refresh tokens go along.
 *
 * Throws the codes of `readGhToken` and `codexShare`, and `credential_not_usable`.
 */
export async function copyCredential(name: string, source: string, times: Lifetime): Promise<Copy> {
  if (name === 'gh-token' || basename(source) === 'gh-token') return copyToken(name, source);
  if (name === 'codex') return copyCodex(name, source, times);
  const directory = await openDirectory(source);
  if ('kind' in directory) return copyFile(name, source);
  try {
    const auth = await readEntry(directory, join(source, 'auth.json'), MAX_FILE_BYTES);
    const isCodex = name !== 'claude' && name !== 'gemini' && 'content' in auth;
    if (isCodex) return await copyCodex(name, source, times);
    const [fault] = accessFaults(source, await directory.stat(), serviceUid());
    if (fault) throw notUsable(fault);
    const files = await readTree(directory, source, TREE_LIMITS);
    return { name, directory: true, ...withoutRefreshTokens(name, source, files) };
  } finally {
    await directory.close();
  }
}

async function copyToken(name: string, source: string): Promise<Copy> {
  return valueCopy(name, await readGhToken(source));
}

async function copyCodex(name: string, source: string, times: Lifetime): Promise<Copy> {
  const { files, withheld } = await codexShare(source, times);
  return { name, directory: true, files: files.map((file) => below(name, file)), withheld };
}

async function copyFile(name: string, source: string): Promise<Copy> {
  const reading = await readPrivateFile(source, { maxBytes: MAX_FILE_BYTES, uid: serviceUid() });
  if (!('content' in reading)) throw notUsable(reading.faults[0]);
  const file = { path: basename(source), content: reading.content, executable: false };
  const { files, withheld } = withoutRefreshTokens('', source, [file]);
  return { name, directory: false, files: files.map((each) => ({ ...each, path: name })), withheld };
}

/** The files below `name`, each Codex `auth.json` among them rewritten. */
function withoutRefreshTokens(
  name: string,
  source: string,
  files: readonly TreeFile[],
): { files: TreeFile[]; withheld: Secret[] } {
  const withheld: Secret[] = [];
  const rewritten = files.map((file) => {
    const auth = basename(file.path) === 'auth.json' ? codexAuthIn(file, join(source, file.path)) : undefined;
    if (!auth) return below(name, file);
    if ('refreshToken' in auth && auth.refreshToken !== '') withheld.push(new Secret(auth.refreshToken));
    return below(name, { ...file, content: Buffer.from(shareableAuth(auth, new Date(0).toISOString())) });
  });
  return { files: rewritten, withheld };
}

/** The Codex login in an `auth.json`; undefined when it is another program's, an error when that is not certain. */
function codexAuthIn(file: TreeFile, path: string): ReturnType<typeof loginOrNothing> {
  try {
    return loginOrNothing(parseCodexAuth(file.content, path));
  } catch (error) {
    if (file.content.includes('refresh_token')) throw error;
    return undefined;
  }
}

function loginOrNothing(auth: CodexAuth): Exclude<CodexAuth, { mode: 'none' }> | undefined {
  return auth.mode === 'none' ? undefined : auth;
}

function below(name: string, file: TreeFile): TreeFile {
  return { ...file, path: name === '' ? file.path : `${name}/${file.path}` };
}

function notUsable(fault: FileFault): FlowError {
  const create = `Put the credential there (\`install -m 600 /dev/stdin ${shellQuote(fault.path)}\` takes a file from the terminal; a directory is made by the login of its agent), or correct the path in the profile.`;
  return new FlowError({
    code: 'credential_not_usable',
    blame: 'operator',
    ...describeFault('The credential', fault, create),
  });
}
