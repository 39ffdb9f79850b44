import type { Delivery } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import { deliveryHasRun, deliveryUnknown } from '../../deliveries/errors.ts';

/**
 * Has a stored delivery decided anew, as if it had just arrived: by the profiles and permissions of now. One that
 * still waits for its decision is left alone. Throws `delivery_unknown`, `delivery_has_run`, `delivery_body_gone`.
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
