import { lstat } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';
import { exec } from '../programs/exec.ts';
import { workspaceNotRemoved } from './errors.ts';

/**
 * Removes a tree that an agent has written: it may be nested deeper than a path can be long, and have directories
 * without permissions. Follows no link and enters no other file system. Does nothing for a tree that is gone. Throws
 * `workspace_not_removed`.
 *
 * The tools go down by directory handles, where node's own removal needs whole paths and ends at 4,096 bytes.
 */
export async function removeHostileTree(path: string): Promise<void> {
  if (await isGone(path)) return;
  const first = await run('rm', ['-rf', '--one-file-system', '--', path]);
  if (await isGone(path)) return;
  await run('chmod', ['-R', 'u+rwX', '--', path]);
  const second = await run('rm', ['-rf', '--one-file-system', '--', path]);
  if (await isGone(path)) return;
  throw workspaceNotRemoved(path, second || first || 'its files are not the service’s own');
}

/** The first line of a tool’s standard error; empty when it prints none. */
async function run(tool: string, args: readonly string[]): Promise<string> {
  const { stderr } = await exec(tool, args, { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, cwd: '/' });
  return (stderr.split('\n')[0] ?? '').slice(0, 300);
}

async function isGone(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => false,
    (error: unknown) => systemCode(error) === 'ENOENT',
  );
}
