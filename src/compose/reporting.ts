import { systemClock as clock } from '../base/clock.ts';
import { createMarks, type Marks } from '../feedback/marks.ts';
import { createReporter, type Reporter } from '../feedback/reporter.ts';
import type { ClientFor } from '../flow/github/clients.ts';
import { credentialKey } from '../flow/github/github-credential.ts';
import { createLookups, type Lookups } from '../flow/github/lookups.ts';
import type { Origin } from '../flow/github/origin.ts';
import { createServiceAccount, type ServiceAccount } from '../flow/github/service-account.ts';
import { renderReport } from '../flow/reporting/report-texts.ts';
import { createOwnAccounts } from '../runs/store/own-accounts.ts';
import type { Resources } from './resources.ts';

/** What asks GitHub and posts there. */
export type Reporting = { lookups: Lookups; own: ServiceAccount; reporter: Reporter; marks: Marks };

/** Builds what asks GitHub and posts there, with the credentials that `clientFor` knows. */
export function composeReporting(resources: Resources, clientFor: ClientFor, origin: Origin): Reporting {
  const { config, db, runs, reports, redactor, apps, log } = resources;
  const own = createServiceAccount({
    clientFor,
    credentialKey: (profile) => credentialKey(profile, config.secretsDir),
    appLogins: apps.logins,
    accounts: createOwnAccounts(db, clock),
    clock,
  });
  const marks = createMarks(db.markKey);
  const reporter = createReporter({
    reports,
    runs,
    marks,
    log,
    accountFor: own.accountFor,
    render: renderReport,
    mask: redactor.mask,
    linkTo: (runId) => (config.publicUrl === undefined ? '' : `${config.publicUrl}/runs/${runId}`),
    clock,
  });
  return { lookups: createLookups(clientFor, origin), own, reporter, marks };
}
