import { asFlowError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { Decision, Delivery } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import { readEvent } from '../../events/from-delivery.ts';
import type { Logger } from '../../log/logger.ts';
import { namesOfRepository } from '../../runs/store/thread-runs.ts';
import { type CommitParts, commit } from './commit.ts';
import { type DecideParts, decide } from './decide.ts';
import { type HandleParts, handleCommand } from './handle-command.ts';
import type { NoRunReason } from './prefilter.ts';
import { ignore } from './resolution.ts';
import { noteThreadChanges } from './thread-state.ts';

/** Decides deliveries: each becomes one run or gets the reason why not, in one transaction with its reports. */
export type Admission = {
  /** Decides one stored delivery; deciding it again changes nothing. Gives the decision. */
  admit(delivery: Delivery): Promise<Decision>;
};

/** The parts that admission joins. */
type AdmissionParts = DecideParts &
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
      const { candidates, ...told } = decision;
      parts.log.info({ delivery: delivery.id, ...told, candidates: candidates?.length }, 'decided');
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

/** What is known of the Apps that sign deliveries; both throw when GitHub gives no answer. */
export type SigningApps = {
  /** Whether the App of this key is stored, may serve a repository (`owner/name`) and is installed there. */
  serves(key: string, repository: string): Promise<boolean>;
  /** Whether the App of this key is installed there, whatever its URL pattern. GitHub follows earlier names of a repository. */
  isInstalled(key: string, repository: string): Promise<boolean>;
};

/**
 * Why an event that an App signed is not trusted: the App is not installed on the event's repository, or the payload gives
 * that repository the id of another one. Runs and mirrors are kept by that id. No answer means no.
 */
async function refuseSigner(
  { apps, db }: { apps: SigningApps; db: Db },
  signedBy: string | undefined,
  { repository }: FlowEvent,
): Promise<NoRunReason | undefined> {
  if (signedBy === undefined || repository === undefined) return undefined;
  const { id, fullName } = repository;
  try {
    if (!(await apps.serves(signedBy, fullName))) return notInstalled(signedBy, fullName);
    for (const name of await namesOfRepository(db, id)) {
      const isSame = name.toLowerCase() === fullName.toLowerCase();
      if (!isSame && !(await apps.isInstalled(signedBy, name)))
        return notInstalled(signedBy, `${name}, which has the id ${id} that it gives to ${fullName}`);
    }
    return undefined;
  } catch (error) {
    const { code, message } = asFlowError(error);
    return {
      reason: 'signer_unknown',
      message: `GitHub did not say whether the App ${signedBy}, whose secret signed this, is installed on ${fullName} (${code}: ${message}), and no answer means no.`,
    };
  }
}

function notInstalled(app: string, where: string): NoRunReason {
  return {
    reason: 'signer_not_installed',
    message: `The App ${app}, whose secret signed this, is not installed on ${where}, so the event is ignored.`,
  };
}
