import { within } from '../../../base/cancel.ts';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, FaultsError, type Problem } from '../../../base/errors.ts';

/** One thing looked at: `problems` is empty when it is as it should be; `detail` says what was found. */
export type Check = { name: string; detail: string; problems: Problem[] };

/** What a look gives: words, or words with what is wrong all the same. */
export type Finding = string | { detail: string; problems: Problem[] };

/** No look takes longer. */
const LIMIT_MS = 10_000;

/** Looks at one thing for ten seconds at the most; whatever `look` throws is what is wrong with it. */
export async function check(clock: Clock, name: string, look: () => Promise<Finding>): Promise<Check> {
  try {
    const found = await within(clock, LIMIT_MS, look());
    if (found === undefined) return { name, detail: 'not known', problems: [tooSlow(name)] };
    return typeof found === 'string' ? { name, detail: found, problems: [] } : { name, ...found };
  } catch (error) {
    return { name, detail: 'not usable', problems: problemsOf(error) };
  }
}

/** An error as problems: several faults each for themselves, with the file they are in. */
export function problemsOf(error: unknown): Problem[] {
  const fault = asFlowError(error);
  if (!(fault instanceof FaultsError) || fault.faults.length === 0) return [fault.toProblem()];
  return fault.faults.map(({ code, message, hint, file }) => ({
    code,
    message: file === undefined ? message : `${file}: ${message}`,
    hint,
  }));
}

function tooSlow(name: string): Problem {
  return {
    code: 'check_too_slow',
    message: `This check (${name}) took more than ${LIMIT_MS / 1000} s, so its result is unknown.`,
    hint: 'Look for a slow network, proxy, disk or engine, then run doctor again.',
  };
}
