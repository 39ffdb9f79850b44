import { lchown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execOk } from '../base/exec.ts';
import type { Owner } from '../base/files.ts';

/** Gives a tree of a few files to `owner`, without a process of its own. Links are not followed. */
export async function giveFew(path: string, owner: Owner): Promise<void> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const paths = [path, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  await Promise.all(paths.map(async (each) => await lchown(each, owner.uid, owner.gid)));
}

/** Gives a tree of any size to `owner`. Links are not followed. */
export async function giveMany(path: string, owner: Owner, signal: AbortSignal | undefined): Promise<void> {
  await execOk('chown', ['-R', '-h', `${owner.uid}:${owner.gid}`, '--', path], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  });
}
