import type { Delivery } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import { deliveryHasRun, deliveryUnknown } from '../../deliveries/errors.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';

/** The answer to a request for a cancel. */
type CancelAnswer = { status: 'requested' | 'already_ended'; message: string };

/** Cancels a run. Its worker stops it and ends it with the reason; while no service runs, the next start does that. */
export async function cancelRun(
  parts: { runs: RunStore; isServiceRunning: boolean },
  run: Run,
  reason: string,
): Promise<CancelAnswer> {
  const asked = await parts.runs.requestCancel(run.id, reason);
  if (!asked)
    return {
      status: 'already_ended',
      message: run.outcome
        ? `Run ${run.id} has already ended (${run.outcome}).`
        : `Run ${run.id} has ended meanwhile.`,
    };
  if (parts.isServiceRunning) return { status: 'requested', message: `Run ${run.id} is being cancelled.` };
  return {
    status: 'requested',
    message: `Run ${run.id} will be cancelled when the service is started again; it is not running now.`,
  };
}

/** The answer to a request for another attempt. */
type RetryAnswer = { status: 'queued' | 'not_ended'; message: string };

/**
 * Requeues an ended run for its next attempt, which does not count against the profile's `retry`. With `actor`, that
 * account must be allowed to start the run from then on. Throws `delivery_body_gone` and `delivery_unknown`.
 */
export async function retryRun(
  parts: { runs: RunStore; deliveries: Pick<DeliveryStore, 'body'> },
  runId: string,
  reason: string,
  actor?: { login: string; id: number | undefined },
): Promise<RetryAnswer> {
  const run = await parts.runs.find(runId);
  const patch = { notBefore: 0, retries: 0, ...(actor && { actor: actor.login, actorId: actor.id ?? null }) };
  if (run?.state === 'ended') {
    if ((await parts.deliveries.body(run.deliveryId)) === undefined) throw deliveryUnknown(run.deliveryId);
    if (await parts.runs.advance(run, 'queued', patch, `Requeued: ${reason}`)) {
      await parts.runs.wakeWorkers(runId);
      return { status: 'queued', message: `Run ${runId} is queued for attempt ${run.attempt + 1}.` };
    }
  }
  return { status: 'not_ended', message: `Run ${runId} has not ended yet. Cancel it first, or wait.` };
}

/**
 * Makes admission decide a stored delivery again, by the current profiles and permissions. A delivery that still waits
 * for its decision is unchanged. Throws `delivery_unknown`, `delivery_has_run`, `delivery_body_gone`.
 */
export async function replayDelivery(deliveries: DeliveryStore, id: string): Promise<Delivery> {
  const delivery = await deliveries.find(id);
  if (!delivery) throw deliveryUnknown(id);
  if (delivery.decision === null) return delivery;
  if (delivery.decision.runId !== null) throw deliveryHasRun(id, delivery.decision.runId);
  await deliveries.body(id);
  if (await deliveries.reopen(id)) return { ...delivery, decision: null };
  return await replayDelivery(deliveries, id);
}
