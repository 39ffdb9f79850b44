import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { FlowEvent } from '../events/event.ts';
import { readEvent } from '../events/from-delivery.ts';

/** The event that started a run, and its bytes as GitHub sent them. Throws `delivery_body_gone` and the codes of reading an event. */
export async function readDelivered(
  deliveries: Pick<DeliveryStore, 'find' | 'body'>,
  deliveryId: string,
): Promise<{ event: FlowEvent; body: Buffer }> {
  const delivery = await deliveries.find(deliveryId);
  const body = (await deliveries.body(deliveryId)) ?? Buffer.alloc(0);
  return { event: readEvent({ deliveryId, event: delivery?.event ?? '', body }), body };
}
