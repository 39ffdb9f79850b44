import { asFlowError } from '../base/errors.ts';
import type { FlowEvent } from '../events/event.ts';
import type { NoRun } from './no-run.ts';

/** What is known of the Apps that sign deliveries. */
export type SigningApps = {
  /** Whether the App of this key is stored, may serve a repository (`owner/name`) and is installed there; throws when GitHub gives no answer. */
  serves(key: string, repository: string): Promise<boolean>;
};

/** Why an event that an App signed is not taken for true: the App is not installed where it says that this happened. No answer means no. */
export async function refuseSigner(
  apps: SigningApps,
  signedBy: string | undefined,
  { repository }: FlowEvent,
): Promise<NoRun | undefined> {
  if (signedBy === undefined || repository === undefined) return undefined;
  try {
    if (await apps.serves(signedBy, repository.fullName)) return undefined;
  } catch (error) {
    const { code, message } = asFlowError(error);
    return {
      reason: 'signer_unknown',
      message: `GitHub did not say whether the App ${signedBy}, whose secret signed this, is installed on ${repository.fullName} (${code}: ${message}), and no answer means no.`,
    };
  }
  return {
    reason: 'signer_not_installed',
    message: `The App ${signedBy}, whose secret signed this, is not installed on ${repository.fullName}, so that nothing of it is believed.`,
  };
}
