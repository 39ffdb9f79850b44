import { backoff } from '../../base/backoff.ts';
import type { Blame } from '../../base/errors.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Outcome, Run } from '../../runs/run.ts';

/** Whose errors another attempt may fix. */
const NOT_THE_RUNS: readonly Blame[] = ['service', 'docker', 'github'];

const LONGEST_MS = 3_600_000;

/** A failed attempt: `blame` is undefined where nobody knows whose fault it was; `begun` says whether the agent may have started. */
export type Failure = { outcome: Outcome; blame: Blame | undefined; begun: boolean };

/** How long to wait for the next attempt, in milliseconds, or undefined when there is none: `random` is from 0 to 1. */
export function retryWait(
  profile: Profile,
  run: Pick<Run, 'retries'>,
  failure: Failure,
  random: number,
): number | undefined {
  const { attempts, backoffSec, on } = profile.retry;
  if (run.retries + 1 >= attempts || !isWorthIt(on, failure)) return undefined;
  return backoff({ first: backoffSec * 1000, most: LONGEST_MS }, run.retries, random);
}

function isWorthIt(on: 'before-start' | 'fault' | 'failure', { outcome, blame, begun }: Failure): boolean {
  if (!begun) return blame !== undefined && NOT_THE_RUNS.includes(blame);
  if (on === 'before-start') return false;
  if (on === 'fault') return outcome === 'lost';
  return ['failed', 'timed_out', 'stalled', 'lost'].includes(outcome);
}
