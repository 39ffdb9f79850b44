import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import type { KeepRule } from './oldest-first.ts';

/** What was removed. */
export type Gone = { count: number; bytes: number };

const AT_ONCE = 200;

/**
 * Lets the bodies go of deliveries that were decided and whose run has ended, oldest first. What was decided and
 * the keys that tell a duplicate stay.
 */
export async function removeOldBodies(
  deliveries: DeliveryStore,
  livingRuns: ReadonlySet<string>,
  { before, maxBytes }: KeepRule,
): Promise<Gone> {
  const gone: Gone = { count: 0, bytes: 0 };
  let total = await deliveries.bodyBytes();
  for (;;) {
    const oldest = await deliveries.oldestBodies({ limit: AT_ONCE + livingRuns.size });
    const going = oldest
      .filter(({ runId }) => runId === null || !livingRuns.has(runId))
      .slice(0, AT_ONCE)
      .filter(({ receivedAt, bytes }) => {
        const goes = receivedAt < before || total > maxBytes;
        if (goes) total -= bytes;
        return goes;
      });
    if (going.length === 0) return gone;
    await deliveries.removeBodies(going.map(({ id }) => id));
    gone.count += going.length;
    gone.bytes += going.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
