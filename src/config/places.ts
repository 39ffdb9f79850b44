import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Owner } from '../base/files.ts';

/** `f_type` of a tmpfs: https://man7.org/linux/man-pages/man2/statfs.2.html */
const TMPFS_MAGIC = 0x01021994;

/** `/run/github-flows` where it is, or can be made on, a writable tmpfs; else `run` inside `varDir`. */
export function defaultRunDir(varDir: string): string {
  const usable = ['/run/github-flows', '/run'].some(isWritableTmpfs);
  return usable ? '/run/github-flows' : resolve(varDir, 'run');
}

function isWritableTmpfs(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statfsSync(path).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}

/** Who agents run as when RUN_AS says nothing: a service that is not root runs them as itself; root as the owner of the secrets directory, or 1000:1000. */
export function defaultRunAs(secretsDir: string): Owner {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? uid };
  const owner = statSync(secretsDir, { throwIfNoEntry: false });
  if (!owner || owner.uid === 0 || owner.gid === 0) return { uid: 1000, gid: 1000 };
  return { uid: owner.uid, gid: owner.gid };
}
