import { attemptUnknown } from '../runs/errors.ts';
import type { Run } from '../runs/run.ts';

/** The attempt whose output an address asks for, the current one unless it says so. Throws `attempt_unknown`. */
export function askedAttempt(run: Run, asked: unknown): number {
  const last = Math.max(1, run.attempt);
  if (asked === undefined) return last;
  const attempt = typeof asked === 'string' && /^\d{1,6}$/.test(asked) ? Number(asked) : 0;
  if (attempt < 1 || attempt > last) throw attemptUnknown(String(asked), run.attempt);
  return attempt;
}

/** The run that a path leads back to after something went wrong on it, else the list. */
export function wayBack(path: string): { back: string; backWords: string } {
  const [, id] = /^\/runs\/([0-9a-z]{1,40})\//.exec(path) ?? [];
  return id === undefined
    ? { back: '/runs', backWords: 'To the list of runs' }
    : { back: `/runs/${id}`, backWords: 'Back to the run' };
}
