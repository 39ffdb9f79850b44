import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Agent, Lifetime, LoginSharing } from '../../agents/agent.ts';
import { FlowError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { shellQuote } from '../../base/text.ts';
import { readGhToken } from '../github/gh-token-file.ts';
import {
  accessIssues,
  describeFileIssue,
  type FileIssue,
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

/** What a copy is made of: its name below `/run/secrets`, where it lies on the host, and how long it has to last. */
type CopyRequest = { name: string; source: string; times: Lifetime };

/**
 * Reads a credential for delivery: a token file as its exact value; an agent's state, known by its name or by the login
 * in it, as the agent shares it; any other directory or file whole, but for the refresh tokens of logins in it that an
 * agent shares without.
 *
 * Throws the codes of `readGhToken`, those of the agent's `share`, and `credential_not_usable`.
 */
export async function copyCredential(request: CopyRequest, agents: readonly Agent[]): Promise<Copy> {
  const { name, source } = request;
  if (name === 'gh-token' || basename(source) === 'gh-token')
    return valueCopy(name, await readGhToken(source));
  const agent = agents.find((each) => each.name === name);
  if (agent?.state.sharing) return await copyShare(request, agent.state.sharing);
  const directory = await openDirectory(source);
  if ('kind' in directory) return await copyFile(request, agents);
  try {
    const sharing = agent ? undefined : await sharingOf(directory, source, agents);
    if (sharing) return await copyShare(request, sharing);
    const [issue] = accessIssues(source, await directory.stat(), serviceUid());
    if (issue) throw notUsable(issue);
    const files = await readTree(directory, source, TREE_LIMITS);
    return { name, directory: true, ...withoutRefreshTokens(name, source, files, agents) };
  } finally {
    await directory.close();
  }
}

async function copyShare({ name, source, times }: CopyRequest, { share }: LoginSharing): Promise<Copy> {
  const { files, withheld } = await share(source, times);
  return { name, directory: true, files: files.map((file) => below(name, file)), withheld };
}

/** How a directory without an agent's name is shared: as the state of the agent whose login lies in it. */
async function sharingOf(
  directory: FileHandle,
  source: string,
  agents: readonly Agent[],
): Promise<LoginSharing | undefined> {
  for (const { state } of agents) {
    if (!state.sharing) continue;
    const login = await readEntry(directory, join(source, state.login), MAX_FILE_BYTES);
    if ('content' in login) return state.sharing;
  }
  return undefined;
}

async function copyFile({ name, source }: CopyRequest, agents: readonly Agent[]): Promise<Copy> {
  const reading = await readPrivateFile(source, { maxBytes: MAX_FILE_BYTES, uid: serviceUid() });
  if (!('content' in reading)) throw notUsable(reading.issues[0]);
  const file = { path: basename(source), content: reading.content, executable: false };
  const { files, withheld } = withoutRefreshTokens('', source, [file], agents);
  return { name, directory: false, files: files.map((each) => ({ ...each, path: name })), withheld };
}

/** The files below `name`, each login among them as its agent shares it. */
function withoutRefreshTokens(
  name: string,
  source: string,
  files: readonly TreeFile[],
  agents: readonly Agent[],
): { files: TreeFile[]; withheld: Secret[] } {
  const withheld: Secret[] = [];
  const rewritten = files.map((file) => {
    const states = agents.map(({ state }) => state).filter(({ login }) => login === basename(file.path));
    for (const { sharing } of states) {
      const shared = sharing?.shareFile(file.content, join(source, file.path));
      if (!shared) continue;
      withheld.push(...shared.withheld);
      return below(name, { ...file, content: shared.content });
    }
    return below(name, file);
  });
  return { files: rewritten, withheld };
}

function below(name: string, file: TreeFile): TreeFile {
  return { ...file, path: name === '' ? file.path : `${name}/${file.path}` };
}

function notUsable(issue: FileIssue): FlowError {
  const create = `Put the credential there (\`install -m 600 /dev/stdin ${shellQuote(issue.path)}\` takes a file from the terminal; a directory is made by the login of its agent), or correct the path in the profile.`;
  return new FlowError({
    code: 'credential_not_usable',
    blame: 'operator',
    ...describeFileIssue('The credential', issue, create),
  });
}
