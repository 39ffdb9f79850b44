import { accessSync, constants, existsSync, lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { ancestors, isInside } from '../base/files.ts';

/** Makes VAR_DIR for this user alone, unless it is there. Throws `var_dir_unusable`. */
export function makeVarDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new FlowError({
      code: 'var_dir_unusable',
      blame: 'operator',
      message: `The directory VAR_DIR ${dir} is not there and cannot be made: ${(error as Error).message}.`,
      hint: `Make it for the user that the service runs as (\`install -d -m 700 -o <user> ${dir}\`), or set VAR_DIR to a directory that this user may write.`,
      cause: error,
    });
  }
}

/** Anybody may make names in `/dev/shm`. Throws `run_dir_taken`. */
export function refuseTakenRunDir(runDir: string): void {
  if (mayBeRunDir(runDir)) return;
  throw new FlowError({
    code: 'run_dir_taken',
    blame: 'operator',
    message: `RUN_DIR is ${runDir}, and somebody else has made the directory there, or may write it.`,
    hint: 'Find out who did, remove it, or set RUN_DIR to a directory of a tmpfs that the service alone may write.',
  });
}

/** `f_type` of file systems that are in memory, tmpfs and ramfs: https://man7.org/linux/man-pages/man2/statfs.2.html */
const MEMORY_TYPES: readonly number[] = [0x01021994, 0x858458f6];

const SHARED_MEMORY = '/dev/shm';

/**
 * `/run/github-flows` where it is, or can be made on, a writable tmpfs; else this user's directory in `/dev/shm`; else
 * `run` inside `varDir`. A container has a `/dev/shm` of its own, which the engine does not see.
 */
export function defaultRunDir(varDir: string): string {
  if (['/run/github-flows', '/run'].some(isWritableMemory)) return '/run/github-flows';
  const isContainer = ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path));
  return (isContainer ? undefined : sharedMemoryPlace()) ?? resolve(varDir, 'run');
}

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
function sharedMemoryPlace(): string | undefined {
  const path = sharedMemoryName();
  return isWritableMemory(SHARED_MEMORY) && (!existsSync(path) || isOwn(path)) ? path : undefined;
}

/** Makes that directory, or another one directly in that memory; undefined where another user has made it. */
export function makeSharedMemoryPlace(path = sharedMemoryName()): string | undefined {
  if (!isWritableMemory(SHARED_MEMORY) || (existsSync(path) && !isOwn(path))) return undefined;
  mkdirSync(path, { mode: 0o711, recursive: true });
  return isOwn(path) ? path : undefined;
}

/** Where a token may lie that only git of this host reads: where the credentials of runs are, if that is in memory. */
export function memoryPlaceFor(runDir: string): string {
  return isInMemory(runDir) ? runDir : (makeSharedMemoryPlace() ?? runDir);
}

/** Whether what holds a RUN_DIR in that memory could be made there and is this user's; a RUN_DIR elsewhere may be. */
export function mayBeRunDir(runDir: string): boolean {
  if (!isInside(SHARED_MEMORY, runDir)) return true;
  const [name = ''] = relative(SHARED_MEMORY, resolve(runDir)).split('/');
  return name !== '' && makeSharedMemoryPlace(join(SHARED_MEMORY, name)) !== undefined;
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
