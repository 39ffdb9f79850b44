import type { Clock } from '../../base/clock.ts';
import { asFlowError } from '../../base/errors.ts';
import { createPoller } from '../../base/poller.ts';
import type { Delivery } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { Logger } from '../../log/logger.ts';
import type { Admission } from './admit.ts';

/** Deliveries that are decided at once: enough that one slow answer of GitHub holds up nobody else. */
const AT_ONCE = 8;

/** How often stored deliveries are read without a notice: after a crash, or when another process stored them. */
const LOOK_EVERY_MS = 2_000;

/** Feeds stored deliveries to admission, oldest first. Call `wake` when one was stored. */
export type Dispatcher = {
  start(): void;
  wake(): void;
  /** Takes no new deliveries; resolves when those under way are decided. */
  stop(): Promise<void>;
};

/** `onRun` is called after a delivery became a run. */
export function createDispatcher(parts: {
  admission: Admission;
  deliveries: DeliveryStore;
  clock: Clock;
  log: Logger;
  onRun: () => void;
}): Dispatcher {
  const underWay = new Map<string, Promise<void>>();
  let stopped = false;

  const decide = async (delivery: Delivery): Promise<void> => {
    const decided = await decideOne(parts, delivery);
    underWay.delete(delivery.id);
    if (decided) poller.wake();
  };
  const poller = createPoller({
    clock: parts.clock,
    everyMs: LOOK_EVERY_MS,
    async look() {
      const waiting = await parts.deliveries.undecided({ limit: AT_ONCE * 2 });
      for (const delivery of waiting) {
        if (stopped || underWay.size >= AT_ONCE) break;
        if (!underWay.has(delivery.id)) underWay.set(delivery.id, decide(delivery));
      }
    },
    onError: (error) => parts.log.error({ err: error }, 'stored deliveries could not be read'),
  });
  return {
    start: poller.start,
    wake: poller.wake,
    async stop() {
      stopped = true;
      await poller.stop();
      await Promise.all(underWay.values());
    },
  };
}

/** False when it must be tried again. A delivery that cannot be read never will be, so it gets its reason at once. */
async function decideOne(
  parts: { admission: Admission; deliveries: DeliveryStore; log: Logger; onRun: () => void },
  delivery: Delivery,
): Promise<boolean> {
  try {
    const decision = await parts.admission.admit(delivery);
    if (decision.runId !== null) parts.onRun();
    return true;
  } catch (error) {
    const { code, message, blame } = asFlowError(error);
    parts.log.error({ err: error, delivery: delivery.id }, 'delivery could not be decided');
    if (blame !== 'sender') return false;
    const decision = { reason: code, message, profile: null, runId: null };
    return await parts.deliveries.decide(delivery.id, decision).then(
      () => true,
      () => false,
    );
  }
}
