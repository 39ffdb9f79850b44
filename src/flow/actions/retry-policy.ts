import type { Blame } from '../../base/errors.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Outcome, Run } from '../../runs/run.ts';

/** What a run's profile says of further attempts; runs saved before there was this key have one. */
const ONE_ATTEMPT = { attempts: 1, backoffSec: 1, on: 'before-start' } as const;

/** Whose faults another attempt may fix. */
const NOT_THE_RUNS: readonly Blame[] = ['service', 'docker', 'github'];

const LONGEST_MS = 3_600_000;

/** How an attempt went that did not succeed: whose fault it was, where that is known, and whether the agent may have begun. */
export type Failure = { outcome: Outcome; blame: Blame | undefined; begun: boolean };

/** How long to wait for the next attempt, in milliseconds, or undefined when there is none: `random` is from 0 to 1. */
export function retryWait(
  profile: Profile,
  run: Pick<Run, 'retries'>,
  failure: Failure,
  random: number,
): number | undefined {
  const { attempts, backoffSec, on } = profile.retry ?? ONE_ATTEMPT;
  if (run.retries + 1 >= attempts || !isWorthIt(on, failure)) return undefined;
  return Math.min(LONGEST_MS, backoffSec * 1000 * 2 ** run.retries) * (0.5 + random);
}

function isWorthIt(on: 'before-start' | 'fault' | 'failure', { outcome, blame, begun }: Failure): boolean {
  if (!begun) return blame !== undefined && NOT_THE_RUNS.includes(blame);
  if (on === 'before-start') return false;
  if (on === 'fault') return outcome === 'lost';
  return ['failed', 'timed_out', 'stalled', 'lost'].includes(outcome);
}
