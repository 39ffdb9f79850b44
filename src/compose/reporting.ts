import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { createMarks, type Marks } from '../feedback/marks.ts';
import { createReporter, type Reporter } from '../feedback/reporter.ts';
import type { AdmissionLimits } from '../flow/admission/limits.ts';
import { credentialKey } from '../flow/github/github-credential.ts';
import { createLookups, type Lookups } from '../flow/github/lookups.ts';
import type { Origin } from '../flow/github/origin.ts';
import { type ClientFor, createServiceAccount, type ServiceAccount } from '../flow/github/service-account.ts';
import { renderReport } from '../flow/reporting/report-texts.ts';
import { createOwnAccounts } from '../runs/store/own-accounts.ts';
import type { Resources } from './resources.ts';

/** What asks and speaks on GitHub. */
export type Talk = { lookups: Lookups; own: ServiceAccount; reporter: Reporter; marks: Marks };

/** Joins what is asked and said on GitHub, with the credentials that `clientFor` knows. */
export function composeReporting(resources: Resources, clientFor: ClientFor, origin: Origin): Talk {
  const { config, db, redactor, apps } = resources;
  const own = createServiceAccount({
    clientFor,
    credentialKey: (profile) => credentialKey(profile, config.secretsDir),
    appLogins: apps.logins,
    accounts: createOwnAccounts(db, clock),
    clock,
  });
  const marks = createMarks(db.markKey);
  const reporter = createReporter({
    ...resources,
    marks,
    accountFor: own.accountFor,
    render: renderReport,
    mask: redactor.mask,
    linkTo: (runId) => (config.publicUrl === undefined ? '' : `${config.publicUrl}/runs/${runId}`),
    clock,
  });
  return { lookups: createLookups(clientFor, origin), own, reporter, marks };
}

/** What admission counts, by the configuration. */
export function admissionLimits({ talk }: Config): AdmissionLimits {
  return { loop: talk.loop, ...talk.budgets, open: talk.openBudgets };
}
