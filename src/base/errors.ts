/** Who has to act so that an error does not happen again. */
export type Blame = 'sender' | 'agent' | 'profile' | 'operator' | 'github' | 'docker' | 'service';

/** An error as people and programs see it: a code of docs/errors.md, what happened, and what to do. */
export type Problem = { code: string; message: string; hint: string };

/** A problem found in a file: `path` is the JSON pointer inside `file`, both absent where they do not apply. */
export type Issue = Problem & { file?: string; path?: string };

/** The one error class: `code` is for programs, `message` says what happened to which value, `hint` what to do. */
export class FlowError extends Error {
  readonly code: string;
  readonly blame: Blame;
  readonly hint: string;

  constructor(parts: Problem & { blame: Blame; cause?: unknown }) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'FlowError';
    this.code = parts.code;
    this.blame = parts.blame;
    this.hint = parts.hint;
  }

  /** The part of the error that may be shown; never the cause. */
  toProblem(): Problem {
    return { code: this.code, message: this.message, hint: this.hint };
  }

  /** The same for operators alone: with the message of an unexpected error. */
  toOperatorProblem(): Problem {
    const problem = this.toProblem();
    if (this.code !== 'internal_error' || this.cause === undefined) return problem;
    const cause = this.cause instanceof Error ? this.cause.message : String(this.cause);
    return { ...problem, message: `${problem.message} Its message: ${cause}` };
  }
}

/** Several errors at once, so that they can be fixed together. */
export class IssuesError extends FlowError {
  readonly issues: readonly Issue[];

  constructor(summary: Problem & { blame: Blame }, issues: readonly Issue[]) {
    super(summary);
    this.name = 'IssuesError';
    this.issues = issues;
  }
}

/** An unexpected error in the same shape; its own text stays in the cause, for the log. */
export function unexpected(cause: unknown): FlowError {
  return new FlowError({
    code: 'internal_error',
    blame: 'service',
    message: 'Something that should not happen did.',
    hint: 'See the cause in the lines of the log around this moment, and report it with them.',
    cause,
  });
}

/** Any thrown value as a FlowError; when the clean-up after an error failed too, the first error counts. */
export function asFlowError(error: unknown): FlowError {
  if (error instanceof SuppressedError) return asFlowError(error.suppressed);
  return error instanceof FlowError ? error : unexpected(error);
}

/** The `code` of a system error (`ENOENT`, …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
