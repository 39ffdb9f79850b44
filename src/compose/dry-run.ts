import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Db } from '../db/open.ts';
import { type AdmissionDryRun, createAdmissionDryRun } from '../flow/dry-run/admission.ts';
import { credentialKey } from '../flow/github/github-credential.ts';
import { createLookups } from '../flow/github/lookups.ts';
import { createServiceAccount } from '../flow/github/service-account.ts';
import { createLogger } from '../log/logger.ts';
import { createRedactor } from '../log/redact.ts';
import { createOwnAccounts } from '../runs/store/own-accounts.ts';
import { createRunStore } from '../runs/store/run-store.ts';
import { composeApps } from './apps.ts';
import { clientsFor } from './host.ts';
import { originAsFetched } from './origin.ts';

/** Builds what asks GitHub and the stored runs for a command that changes nothing, with the credentials that runs have. */
export async function composeAdmissionDryRun(config: Config, db: Db): Promise<AdmissionDryRun> {
  const redactor = createRedactor();
  const log = createLogger({ level: 'fatal', redactor });
  const apps = composeApps({ config, redactor, log });
  // Apps that cannot be read serve nobody, which asking for their tokens tells.
  await apps.store.all().catch(() => []);
  const clientFor = clientsFor(config, { tokens: apps.tokens, log });
  const own = createServiceAccount({
    clientFor,
    credentialKey: (profile) => credentialKey(profile, config.secretsDir),
    appLogins: apps.logins,
    accounts: { ...createOwnAccounts(db, clock), learn: async () => undefined },
    clock,
  });
  return createAdmissionDryRun({
    db,
    runs: createRunStore(db, clock),
    lookups: createLookups(clientFor, originAsFetched(config)),
    own,
    limits: config.admission,
    defaultTimeoutSec: config.run.timeoutSec,
    clock,
  });
}
