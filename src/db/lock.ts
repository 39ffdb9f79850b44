import { existsSync } from 'node:fs';
import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite';
import { FlowError } from '../base/errors.ts';
import { isBusy, storageError } from './sqlite/errors.ts';

/** How long a start waits while another process checks whether a service runs. */
const START_TIMEOUT_MS = 500;

/**
 * Makes this process the installation's service: holds an exclusive transaction open on `file`
 * (`VAR_DIR/github-flows.lock`), which the kernel ends when the process dies, however it dies. Throws
 * `service_already_running` when another process holds it, `database_unavailable` when the file cannot be used.
 * Nothing else may open the file: closing any descriptor of it would free the lock.
 */
export function lockInstallation(file: string): { release(): void } {
  const lock = opened(file, 'BEGIN EXCLUSIVE', { timeout: START_TIMEOUT_MS });
  if (lock === undefined) throw serviceAlreadyRunning(file);
  const release = (): void => {
    process.off('exit', release);
    if (lock.isOpen) lock.close();
  };
  // The exit handler keeps a reference until the end, because the garbage collector closes an unreferenced database.
  process.on('exit', release);
  return { release };
}

/** Whether a process holds the lock on `file`; looking neither makes nor takes it. Throws `database_unavailable`. */
export function isServiceRunning(file: string): boolean {
  if (!existsSync(file)) return false;
  const look = opened(file, 'SELECT count(*) FROM sqlite_schema', { readOnly: true });
  look?.close();
  return look === undefined;
}

/** The file, opened, with `statement` run on it, or undefined when another process holds it. */
function opened(file: string, statement: string, options: DatabaseSyncOptions): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, options);
    database.exec(statement);
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw storageError(file, error);
  }
}

function serviceAlreadyRunning(file: string): FlowError {
  return new FlowError({
    code: 'service_already_running',
    blame: 'operator',
    message: `Another github-flows service holds ${file}, so this one does not start.`,
    hint: `Stop the other one first (\`fuser ${file}\` names its process), or give this one a VAR_DIR of its own.`,
  });
}
