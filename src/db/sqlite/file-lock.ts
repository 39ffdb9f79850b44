import { lchown, open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { FlowError, systemCode } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import { isBusy, storageError } from './errors.ts';

/** How often a waiting process looks whether the lock is free. */
const LOOK_MS = 15;

/**
 * Runs `work` while no other holder of the lock on `file` runs, in this process or another. The lock is an exclusive
 * transaction on an empty file of its own, which the kernel ends when the process dies, however it dies. The file is
 * made when it is missing (0600, `owner`'s), its directory is not; it stays, and nothing else may open it: closing any
 * descriptor of it would free the lock.
 *
 * Throws `file_locked` after `waitMs`, `database_unavailable` when the file cannot be used, and whatever `work` throws.
 */
export async function withFileLock<T>(
  file: string,
  options: { clock: Clock; waitMs: number; owner?: Owner },
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquire(file, options);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function acquire(
  file: string,
  { clock, waitMs, owner }: { clock: Clock; waitMs: number; owner?: Owner },
): Promise<DatabaseSync> {
  const until = clock.now() + waitMs;
  await makeLockFile(file, owner);
  for (;;) {
    const lock = tryLock(file);
    if (lock) return lock;
    if (clock.now() >= until) throw fileLocked(file, waitMs);
    // Not all at the same moment, or the same one would always come first.
    await clock.sleep(LOOK_MS + Math.random() * LOOK_MS);
  }
}

/** Only who makes the file opens it, so that nobody's lock is freed by the closing. */
async function makeLockFile(file: string, owner: Owner | undefined): Promise<void> {
  try {
    await (await open(file, 'wx', 0o600)).close();
    if (owner) await lchown(file, owner.uid, owner.gid);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw storageError(file, error);
  }
}

function tryLock(file: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw storageError(file, error);
  }
}

function fileLocked(file: string, waitMs: number): FlowError {
  return new FlowError({
    code: 'file_locked',
    blame: 'operator',
    message: `Another process has held the lock ${file} for more than ${Math.round(waitMs / 1000)} s.`,
    hint: `Try again in a moment; \`fuser ${file}\` names the process that holds it.`,
  });
}
