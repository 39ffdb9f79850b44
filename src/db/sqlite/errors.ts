import { FlowError, systemCode } from '../../base/errors.ts';

/** The result code for pages that contradict each other: https://sqlite.org/rescode.html */
export const CORRUPT = 11;

// SQLite's other primary result codes that say something about the file rather than the statement.
const BUSY = 5;
const LOCKED = 6;
const DAMAGED: readonly number[] = [CORRUPT, 26 /* NOTADB */];
const UNAVAILABLE: readonly number[] = [
  3 /* PERM */, 8 /* READONLY */, 10 /* IOERR */, 13 /* FULL */, 14 /* CANTOPEN */, 23 /* AUTH */,
];

/** Whether an error says that another process holds the file. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** An error of SQLite as a FlowError where it is about the file; one about the statement stays as it is. */
export function storageError(file: string, error: unknown): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  if (isBusy(error)) return databaseBusy(file, error);
  if (DAMAGED.includes(code)) return databaseDamaged(file, error);
  if (UNAVAILABLE.includes(code)) return databaseUnavailable(file, error);
  return error;
}

/** The file is not a database, or one whose pages contradict each other. */
function databaseDamaged(file: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'database_damaged',
    blame: 'operator',
    message: `The database ${file} is damaged: ${reasonOf(cause)}.`,
    hint: `Stop the service and restore a copy of ${file}, or move it away (with its -wal and -shm files) to begin with an empty one. \`sqlite3 ${file} .recover\` saves what is readable.`,
    cause,
  });
}

/** The file cannot be opened, read or written: a missing directory, permissions, a full disk. */
export function databaseUnavailable(file: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'database_unavailable',
    blame: 'operator',
    message: `The database ${file} cannot be used: ${reasonOf(cause)}.`,
    hint: `See that the disk has room and that the service's user may write ${file} and its directory: \`df -h\` and \`ls -la\` show it.`,
    cause,
  });
}

/** No service has stored anything there. */
export function databaseAbsent(place: string): FlowError {
  return new FlowError({
    code: 'database_absent',
    blame: 'operator',
    message: `There is no database yet at ${place}: no service has been started with these settings.`,
    hint: 'Start `github-flows serve`, or give this command the settings of the service that you mean (VAR_DIR or DATABASE_URL, in its file of settings: GITHUB_FLOWS_CONFIG). Nothing was made.',
  });
}

function databaseBusy(file: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'database_busy',
    blame: 'service',
    message: `Another process held the database ${file} for too long.`,
    hint: `Try again; \`fuser ${file}\` names the processes that have it open.`,
    cause,
  });
}

/** SQLite's primary result code as node:sqlite reports it, or undefined for anything else. */
function resultCode(error: unknown): number | undefined {
  if (systemCode(error) !== 'ERR_SQLITE_ERROR') return undefined;
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
