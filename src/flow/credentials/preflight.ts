import { asFlowError, type Blame, type Fault, FaultsError, type FlowError } from '../../base/errors.ts';

/** Blame for errors that do not pass by themselves: with one of these, the run is refused whatever else is wrong. */
const LASTING: readonly Blame[] = ['profile', 'operator'];

/**
 * Reads and checks every grant of a run at once, and gives what each came to, in order. Nothing is launched when one
 * of them is faulty: a single fault (or one that several checks came upon) is thrown as it is, several as `grants_not_ready`, which names each with its hint.
 */
export async function preflight<T extends readonly unknown[]>(
  checks: {
    [K in keyof T]: () => Promise<T[K]>;
  },
): Promise<T> {
  const settled = await Promise.allSettled(checks.map(async (check) => await check()));
  const faults = settled.flatMap((result) =>
    result.status === 'rejected' ? [asFlowError(result.reason)] : [],
  );
  const [first, second] = [...new Set(faults)];
  if (second) throw grantsNotReady([...new Set(faults)]);
  if (first) throw first;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T;
}

function grantsNotReady(faults: readonly FlowError[]): FaultsError {
  const issues: Fault[] = faults.flatMap((fault) =>
    fault instanceof FaultsError ? [...fault.faults] : [fault.toProblem()],
  );
  const list = (word: 'message' | 'hint'): string =>
    issues.map((fault, index) => `(${index + 1}) ${fault[word]}`).join(' ');
  const [first] = faults;
  return new FaultsError(
    {
      code: 'grants_not_ready',
      blame: faults.find(({ blame }) => LASTING.includes(blame))?.blame ?? first?.blame ?? 'operator',
      message: `${issues.length} of the credentials that the run is granted are not ready: ${list('message')}`,
      hint: list('hint'),
    },
    issues,
  );
}
