import { lchownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../base/files.ts';
import { execOk } from '../../programs/exec.ts';

/** Gives a tree of a few files to `owner`, without a process of its own. Links are not followed. */
export function giveFew(path: string, owner: Owner): void {
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(path, name), owner.uid, owner.gid);
  lchownSync(path, owner.uid, owner.gid);
}

/** Gives a tree of any size to `owner`. Links are not followed. */
export async function giveMany(path: string, owner: Owner, signal: AbortSignal | undefined): Promise<void> {
  await execOk('chown', ['-R', '-h', `${owner.uid}:${owner.gid}`, '--', path], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  });
}
