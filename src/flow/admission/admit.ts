import type { Decision, Delivery } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import { readEvent } from '../../events/from-delivery.ts';
import type { Logger } from '../../log/logger.ts';
import { type CommitParts, commit } from './commit.ts';
import { type DecideParts, decide } from './decide.ts';
import { type HandleParts, handleCommand } from './handle-command.ts';
import { ignore } from './resolution.ts';
import { refuseSigner, type SigningApps } from './signer.ts';
import { noteThreadChanges } from './thread-state.ts';

/** Decides deliveries: each becomes one run or gets the reason why not, in one transaction with its reports. */
export type Admission = {
  /** Decides one stored delivery; deciding it again changes nothing. Gives the decision. */
  admit(delivery: Delivery): Promise<Decision>;
};

/** The parts that admission joins. */
export type AdmissionParts = DecideParts &
  HandleParts &
  CommitParts & {
    deliveries: DeliveryStore;
    /** The Apps that sign deliveries. */
    apps: SigningApps;
    /** Called when there may be something to post on GitHub. */
    onReport: () => void;
    log: Logger;
  };

export function createAdmission(parts: AdmissionParts): Admission {
  return {
    async admit(delivery) {
      parts.crashPoint('admit-begun');
      const decision = await decideAndCommit(parts, delivery);
      parts.crashPoint('delivery-decided');
      parts.log.info({ delivery: delivery.id, ...decision }, 'decided');
      parts.onReport();
      return decision;
    },
  };
}

async function decideAndCommit(parts: AdmissionParts, delivery: Delivery): Promise<Decision> {
  const { id: deliveryId, event: name, signedBy } = delivery;
  const body = (await parts.deliveries.body(deliveryId)) ?? Buffer.alloc(0);
  const event = readEvent({ deliveryId, event: name, body });
  const untrue = await refuseSigner(parts, signedBy, event);
  if (untrue) return await commit(parts, event, ignore(untrue));
  await noteThreadChanges(parts, event);
  const proposal = await decide(parts, event);
  const outcome = 'order' in proposal ? await handleCommand(parts, event, proposal.order) : proposal;
  return await commit(parts, event, outcome);
}
