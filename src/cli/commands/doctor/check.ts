import { within } from '../../../base/cancel.ts';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, IssuesError, type Problem } from '../../../base/errors.ts';
import { formatDuration } from '../../../base/text.ts';

/** One check: `problems` is empty when it passed; `detail` says what was found. */
export type Check = { name: string; detail: string; problems: Problem[] };

/** The result of a check: a text, or a text with problems. */
export type Finding = string | { detail: string; problems: Problem[] };

/** The time limit of a check. */
const LIMIT_MS = 10_000;

/** Runs one check for ten seconds at the most; what `look` throws becomes its problem. */
export async function check(clock: Clock, name: string, look: () => Promise<Finding>): Promise<Check> {
  try {
    const found = await within(clock, LIMIT_MS, look());
    if (found === undefined) return { name, detail: 'not known', problems: [tooSlow(name)] };
    return typeof found === 'string' ? { name, detail: found, problems: [] } : { name, ...found };
  } catch (error) {
    return { name, detail: 'not usable', problems: problemsOf(error) };
  }
}

/** An error as problems: one for each issue, with its file. */
export function problemsOf(error: unknown): Problem[] {
  const issue = asFlowError(error);
  if (!(issue instanceof IssuesError) || issue.issues.length === 0) return [issue.toProblem()];
  return issue.issues.map(({ code, message, hint, file }) => ({
    code,
    message: file === undefined ? message : `${file}: ${message}`,
    hint,
  }));
}

function tooSlow(name: string): Problem {
  return {
    code: 'check_too_slow',
    message: `This check (${name}) took more than ${formatDuration(LIMIT_MS)}, so its result is unknown.`,
    hint: 'Look for a slow network, proxy, disk or engine, then run doctor again.',
  };
}
