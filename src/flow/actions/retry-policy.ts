import { type Blame, FlowError } from '../../base/errors.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Outcome, Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';

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
  const { attempts, backoffSec, on } = profile.retry;
  if (run.retries + 1 >= attempts || !isWorthIt(on, failure)) return undefined;
  return Math.min(LONGEST_MS, backoffSec * 1000 * 2 ** run.retries) * (0.5 + random);
}

function isWorthIt(on: 'before-start' | 'fault' | 'failure', { outcome, blame, begun }: Failure): boolean {
  if (!begun) return blame !== undefined && NOT_THE_RUNS.includes(blame);
  if (on === 'before-start') return false;
  if (on === 'fault') return outcome === 'lost';
  return ['failed', 'timed_out', 'stalled', 'lost'].includes(outcome);
}

/**
 * Puts a run that has ended back into the queue for its next attempt, which spends none of the profile's `retry`; from then on it is `actor` who may start it, if somebody on GitHub asked.
 * False when it has not ended. Throws `run_body_gone` when its delivery's body is not kept any more.
 */
export async function requestRetry(
  parts: { runs: RunStore; deliveries: Pick<DeliveryStore, 'body'> },
  runId: string,
  reason: string,
  actor?: { login: string; id: number | undefined },
): Promise<boolean> {
  const run = await parts.runs.find(runId);
  if (run?.state !== 'ended') return false;
  if ((await parts.deliveries.body(run.deliveryId)) === undefined) throw bodyGone(run);
  const isBack = await parts.runs.advance(
    run,
    'queued',
    { notBefore: 0, retries: 0, ...(actor && { actor: actor.login, actorId: actor.id ?? null }) },
    `Put back into the queue: ${reason}`,
  );
  if (isBack) await parts.runs.wakeWorkers(runId);
  return isBack;
}

function bodyGone(run: Run): FlowError {
  return new FlowError({
    code: 'run_body_gone',
    blame: 'operator',
    message: `Run ${run.id} cannot be started again: the body of its delivery ${run.deliveryId} is not kept any more.`,
    hint: 'Start a new one by the same comment, and keep bodies longer (docs/operations.md) if this happens often.',
  });
}
