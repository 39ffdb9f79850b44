import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Owner } from '../base/files.ts';
import { isWritableMemory, sharedMemoryPlace } from './memory-place.ts';

/**
 * `/run/github-flows` where it is, or can be made on, a writable tmpfs; else this user's directory in `/dev/shm`; else
 * `run` inside `varDir`. A container has a `/dev/shm` of its own, which the engine does not see.
 */
export function defaultRunDir(varDir: string): string {
  if (['/run/github-flows', '/run'].some(isWritableMemory)) return '/run/github-flows';
  const isContainer = ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path));
  return (isContainer ? undefined : sharedMemoryPlace()) ?? resolve(varDir, 'run');
}

/** Who agents run as when RUN_AS says nothing: a service that is not root runs them as itself; root as the owner of the secrets directory, or 1000:1000. */
export function defaultRunAs(secretsDir: string): Owner {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? uid };
  const owner = statSync(secretsDir, { throwIfNoEntry: false });
  if (!owner || owner.uid === 0 || owner.gid === 0) return { uid: 1000, gid: 1000 };
  return { uid: owner.uid, gid: owner.gid };
}
