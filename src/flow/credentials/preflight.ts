import { asFlowError, type Blame, type FlowError, type Issue, IssuesError } from '../../base/errors.ts';

/** Blame for errors that do not pass by themselves: with one of these, the run is refused whatever else is wrong. */
const LASTING: readonly Blame[] = ['profile', 'operator'];

/**
 * Reads and checks every grant of a run at once, and gives what each came to, in order. Nothing is launched when one
 * of them has an error: a single one (or one that several checks came upon) is thrown as it is, several as `grants_not_ready`, which names each with its hint.
 */
export async function preflight<T extends readonly unknown[]>(
  checks: {
    [K in keyof T]: () => Promise<T[K]>;
  },
): Promise<T> {
  const settled = await Promise.allSettled(checks.map(async (check) => await check()));
  const errors = new Set(
    settled.flatMap((result) => (result.status === 'rejected' ? [asFlowError(result.reason)] : [])),
  );
  const [first, second] = errors;
  if (second) throw grantsNotReady([...errors]);
  if (first) throw first;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T;
}

function grantsNotReady(errors: readonly FlowError[]): IssuesError {
  const issues: Issue[] = errors.flatMap((error) =>
    error instanceof IssuesError ? [...error.issues] : [error.toProblem()],
  );
  const list = (word: 'message' | 'hint'): string =>
    issues.map((issue, index) => `(${index + 1}) ${issue[word]}`).join(' ');
  const [first] = errors;
  return new IssuesError(
    {
      code: 'grants_not_ready',
      blame: errors.find(({ blame }) => LASTING.includes(blame))?.blame ?? first?.blame ?? 'operator',
      message: `${errors.length} of the credentials that the run is granted are not ready: ${list('message')}`,
      hint: list('hint'),
    },
    issues,
  );
}
