import { asFlowError, type Blame, type Issue, IssuesError, type FlowError } from '../../base/errors.ts';

/** Blame for errors that do not pass by themselves: with one of these, the run is refused whatever else is wrong. */
const LASTING: readonly Blame[] = ['profile', 'operator'];

/**
 * Reads and checks every grant of a run at once, and gives what each came to, in order. Nothing is launched when one
 * of them is invalid: a single error (or one that several checks came upon) is thrown as it is, several as `grants_not_ready`, which names each with its hint.
 */
export async function preflight<T extends readonly unknown[]>(
  checks: {
    [K in keyof T]: () => Promise<T[K]>;
  },
): Promise<T> {
  const settled = await Promise.allSettled(checks.map(async (check) => await check()));
  const issues = settled.flatMap((result) =>
    result.status === 'rejected' ? [asFlowError(result.reason)] : [],
  );
  const [first, second] = [...new Set(issues)];
  if (second) throw grantsNotReady([...new Set(issues)]);
  if (first) throw first;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T;
}

function grantsNotReady(issues: readonly FlowError[]): IssuesError {
  const issues: Issue[] = issues.flatMap((issue) =>
    issue instanceof IssuesError ? [...issue.issues] : [issue.toProblem()],
  );
  const list = (word: 'message' | 'hint'): string =>
    issues.map((issue, index) => `(${index + 1}) ${issue[word]}`).join(' ');
  const [first] = issues;
  return new IssuesError(
    {
      code: 'grants_not_ready',
      blame: issues.find(({ blame }) => LASTING.includes(blame))?.blame ?? first?.blame ?? 'operator',
      message: `${issues.length} of the credentials that the run is granted are not ready: ${list('message')}`,
      hint: list('hint'),
    },
    issues,
  );
}
