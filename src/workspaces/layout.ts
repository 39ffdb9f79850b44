import { readdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../base/errors.ts';
import { nameRefused } from './errors.ts';
import { removeHostileTree } from './remove.ts';

/** The names that make the path of a workspace. */
type WorkspaceNames = { owner: string; name: string; runId: string };

/** Where a workspace lies: `dir` is mounted at `/workspace`, `repo` is its clone. */
type WorkspaceLayout = { dir: string; repo: string };

/** `<root>/<owner>/<name>/<run id>` and the clone in it; throws `name_refused` for a name that could lead elsewhere. */
export function workspaceLayout(root: string, names: WorkspaceNames): WorkspaceLayout {
  checkPathComponent('owner', names.owner);
  checkPathComponent('repository', names.name);
  checkPathComponent('run id', names.runId);
  const dir = join(root, names.owner, names.name, names.runId);
  return { dir, repo: join(dir, 'repo') };
}

/** Throws `name_refused` unless `value` is one plain component of a path, as GitHub's names are. */
export function checkPathComponent(kind: string, value: string): void {
  if (!isPlainName(value)) throw nameRefused(kind, value);
}

/** Whether `value` is one component of a path that leads nowhere else. */
function isPlainName(value: unknown): value is string {
  return (
    typeof value === 'string' && /^[A-Za-z0-9._-]{1,100}$/.test(value) && value !== '.' && value !== '..'
  );
}

/** A workspace that is there; `dir` is the directory that was mounted. */
type Workspace = WorkspaceNames & { dir: string };

/** Every workspace below `root`, by name; what is no directory three levels down is not one. */
export async function listWorkspaces(root: string): Promise<Workspace[]> {
  const found: Workspace[] = [];
  for (const owner of await directoriesOf(root))
    for (const name of await directoriesOf(join(root, owner)))
      for (const runId of await directoriesOf(join(root, owner, name)))
        found.push({ owner, name, runId, dir: workspaceLayout(root, { owner, name, runId }).dir });
  return found;
}

/**
 * Removes the workspace at `dir`, whatever an agent did to it, and the repository's and owner's directories above
 * it when they are empty then. One that is gone is fine. Throws `workspace_not_removed`.
 */
export async function removeWorkspace(dir: string): Promise<void> {
  checkPathComponent('run id', basename(dir));
  await removeHostileTree(dir);
  const repository = dirname(dir);
  if (await removeEmpty(repository)) await removeEmpty(dirname(repository));
}

async function directoriesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.isDirectory() && isPlainName(entry.name) ? [entry.name] : []));
}

async function removeEmpty(directory: string): Promise<boolean> {
  return await rmdir(directory).then(
    () => true,
    () => false,
  );
}
