import { isoTime } from '../base/clock.ts';
import type { Delivery } from './delivery.ts';

/** A delivery in the shape that every list gives it. */
type DeliveryView = {
  id: string;
  event: string;
  action: string | null;
  repository: string | null;
  receivedAt: string | null;
  decision: 'run' | 'no_run' | 'waiting';
  reason: string | null;
  runId: string | null;
};

/** `decision` is `run`, `no_run` or, before admission, `waiting`. */
export function deliveryView(delivery: Delivery): DeliveryView {
  const decision = delivery.decision;
  return {
    id: delivery.id,
    event: delivery.event,
    action: delivery.action,
    repository: delivery.repository,
    receivedAt: isoTime(delivery.receivedAt),
    decision: decision === null ? 'waiting' : decision.runId === null ? 'no_run' : 'run',
    reason: decision?.reason ?? null,
    runId: decision?.runId ?? null,
  };
}

/** One delivery with all that was decided about it; the body is not in it. */
export function deliveryDetails(delivery: Delivery): Record<string, unknown> {
  return {
    ...deliveryView(delivery),
    message: delivery.decision?.message ?? null,
    profile: delivery.decision?.profile ?? null,
    candidates: delivery.decision?.candidates ?? [],
  };
}
