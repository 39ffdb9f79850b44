import { join } from 'node:path';
import { nameRefused } from './errors.ts';

/** The names that make the path of a workspace. */
export type WorkspaceNames = { owner: string; name: string; runId: string };

/** Where a workspace lies: `dir` is mounted at `/workspace`, `repo` is its clone. */
export type WorkspaceLayout = { dir: string; repo: string };

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
export function isPlainName(value: unknown): value is string {
  return (
    typeof value === 'string' && /^[A-Za-z0-9._-]{1,100}$/.test(value) && value !== '.' && value !== '..'
  );
}
