import { accessSync, constants, existsSync, lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { ancestors, isInside } from '../base/files.ts';

/** `f_type` of file systems that are in memory, tmpfs and ramfs: https://man7.org/linux/man-pages/man2/statfs.2.html */
const MEMORY_TYPES: readonly number[] = [0x01021994, 0x858458f6];

const SHARED_MEMORY = '/dev/shm';

/** Whether a directory is in memory, or would be if it were made. */
export function isInMemory(path: string): boolean {
  const there = ancestors(path).find((each) => existsSync(each)) ?? '/';
  try {
    return MEMORY_TYPES.includes(statfsSync(there).type);
  } catch {
    return false;
  }
}

/** Whether a directory is in memory and may be written. */
export function isWritableMemory(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return isInMemory(path);
  } catch {
    return false;
  }
}

/**
 * The directory of this user in the memory that all users share, or undefined where there is none. Anybody may make
 * names there, so one that is not this user's alone counts as none.
 */
export function sharedMemoryPlace(): string | undefined {
  const path = sharedMemoryName();
  return isWritableMemory(SHARED_MEMORY) && (!existsSync(path) || isOwn(path)) ? path : undefined;
}

/** Makes that directory; undefined where somebody else did so before. */
export function makeSharedMemoryPlace(): string | undefined {
  const path = sharedMemoryPlace();
  if (path === undefined) return undefined;
  mkdirSync(path, { mode: 0o711, recursive: true });
  return isOwn(path) ? path : undefined;
}

/** Whether a RUN_DIR that is this directory, or in it, could be made there and is this user's; any other one is. */
export function mayBeRunDir(runDir: string): boolean {
  return !isInside(sharedMemoryName(), runDir) || makeSharedMemoryPlace() !== undefined;
}

function sharedMemoryName(): string {
  return join(SHARED_MEMORY, `github-flows-${process.getuid?.() ?? 0}`);
}

function isOwn(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return (
    stats?.isDirectory() === true && stats.uid === (process.getuid?.() ?? 0) && (stats.mode & 0o022) === 0
  );
}
