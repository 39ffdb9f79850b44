import { asFlowError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { FlowEvent } from '../../events/event.ts';
import { namesOfRepository } from '../../runs/store/thread-runs.ts';
import type { NoRunReason } from './prefilter.ts';

/** What is known of the Apps that sign deliveries; both throw when GitHub gives no answer. */
export type SigningApps = {
  /** Whether the App of this key is stored, may serve a repository (`owner/name`) and is installed there. */
  serves(key: string, repository: string): Promise<boolean>;
  /** The same whatever its URL pattern says. GitHub follows a name that a repository had before. */
  isInstalled(key: string, repository: string): Promise<boolean>;
};

/**
 * Why an event that an App signed is not taken for true: the App is not installed where it says that this happened, or the
 * payload gives its repository the id of another one, under which runs and mirrors are kept. No answer means no.
 */
export async function refuseSigner(
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
