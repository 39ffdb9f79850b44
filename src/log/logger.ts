import { type Logger, pino, stdTimeFunctions } from 'pino';
import { FlowError, IssuesError, systemCode } from '../base/errors.ts';
import { readableLine } from './readable.ts';
import type { Redactor } from './redact.ts';

/** The service's log: pino's, whose lines are masked. */
export type { Logger };

/** Where lines go; each is one JSON object with its newline. */
export type LogDestination = { write(line: string): void };

/**
 * A log of JSON lines, each masked as a whole, so that a secret inside a nested object, a cause or a stack is
 * masked too. `level` is one of pino's names or `silent`; lines go to standard output unless another one is given.
 * Errors under `err`, `error` or `cause` become `{code, message, hint, stack, cause}`; a stack have only those that
 * nobody expects. At a terminal lines are text for people instead.
 */
export function createLogger(parts: {
  level: string;
  redactor: Redactor;
  destination?: LogDestination;
}): Logger {
  const destination = parts.destination ?? (process.stdout.isTTY ? atTerminal : process.stdout);
  return pino(
    {
      level: parts.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError, cause: describeError },
    },
    { write: (line: string) => void destination.write(maskLine(line, parts.redactor)) },
  );
}

/** What a person at a terminal reads of each line. */
const atTerminal: LogDestination = { write: (line) => void process.stdout.write(readableLine(line)) };

/** Masking may eat the backslash of an escape; a line that is no JSON any more is given as the text of another. */
function maskLine(line: string, redactor: Redactor): string {
  const masked = redactor.mask(line);
  if (masked === line || isJson(masked)) return masked;
  return `${JSON.stringify({ level: 'warn', msg: 'a line that masking broke', line: masked.trimEnd() })}\n`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An expected error names what to do, so its stack is left out. */
function isExpected(error: Error): boolean {
  return error instanceof FlowError ? error.blame !== 'service' : systemCode(error) !== undefined;
}

const MAX_CAUSES = 5;

/** An error as data, with its causes; anything that is no error as it is. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  return {
    code: error instanceof FlowError ? error.code : (systemCode(error) ?? error.name),
    message: error.message,
    ...(error instanceof FlowError ? { hint: error.hint } : {}),
    ...(error instanceof IssuesError ? { issues: error.issues } : {}),
    ...(isExpected(error) ? {} : { stack: error.stack }),
    ...(error.cause !== undefined && depth < MAX_CAUSES
      ? { cause: describeError(error.cause, depth + 1) }
      : {}),
  };
}
