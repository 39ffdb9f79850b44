import { FlowError, systemCode } from '../../base/errors.ts';

// SQLSTATE classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
const CONFLICT = ['40001' /* serialization_failure */, '40P01' /* deadlock_detected */];
const BUSY = [
  ...CONFLICT,
  '57014' /* query_canceled: the statement timeout */,
  '55P03' /* lock_not_available */,
];
const DAMAGED = ['XX001' /* data_corrupted */, 'XX002' /* index_corrupted */];
const UNAVAILABLE = /^(?:08|28|3D|53|57P|58|0A000|25006|42501|3F)/;

/** Whether the server, or the way to it, failed rather than the statement: the connection must not be used again. */
export function isConnectionLost(error: unknown): boolean {
  const code = systemCode(error);
  if (code !== undefined) return /^(?:08|57P)/.test(code) || !isSqlState(code);
  return error instanceof Error && CLIENT_FAULTS.test(error.message);
}

/** What the driver says itself carries no code: node-postgres lib/client.js and pg-pool index.js. */
const CLIENT_FAULTS =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (?:has encountered|was closed)|not queryable/;

/** Whether the server gave a statement or transaction up because of another one, so that it may be retried. */
export function isConflict(error: unknown): boolean {
  const cause = error instanceof FlowError ? error.cause : error;
  return CONFLICT.includes(systemCode(cause) ?? '');
}

/** An error of PostgreSQL as a FlowError where it is about the database; one about the statement stays as it is. `place` names the database without its password. */
export function postgresError(place: string, error: unknown): unknown {
  if (error instanceof FlowError) return error;
  const code = systemCode(error) ?? '';
  if (BUSY.includes(code)) return postgresBusy(place, error);
  if (DAMAGED.includes(code)) return postgresDamaged(place, error);
  if (UNAVAILABLE.test(code) || isConnectionLost(error)) return postgresUnavailable(place, error);
  return error;
}

/** The server does not answer, does not let us in, or has no room. */
export function postgresUnavailable(place: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'database_unavailable',
    blame: 'operator',
    message: `The database ${place} cannot be used: ${reasonOf(cause)}.`,
    hint: 'See that PostgreSQL runs and has room, and that DATABASE_URL names its host, database, user and password: `psql "$DATABASE_URL" -c "select 1"` shows it.',
    cause,
  });
}

function postgresDamaged(place: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'database_damaged',
    blame: 'operator',
    message: `The database ${place} is damaged: ${reasonOf(cause)}.`,
    hint: 'Stop every service and worker that uses it, and restore the database from a backup (pg_restore).',
    cause,
  });
}

function postgresBusy(place: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'database_busy',
    blame: 'service',
    message: `The database ${place} was held by something else for too long: ${reasonOf(cause)}.`,
    hint: 'Try again; `select * from pg_stat_activity` names what else works on it.',
    cause,
  });
}

function isSqlState(code: string): boolean {
  // EPIPE has five letters too; no class of SQLSTATE begins with an E.
  return !code.startsWith('E') && /^[0-9A-Z]{5}$/.test(code);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
