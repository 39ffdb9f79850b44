import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Db } from '../db/open.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import { createMarks, type Marks } from '../feedback/marks.ts';
import { createReporter, type Reporter } from '../feedback/reporter.ts';
import { branchesOfRun } from '../flow/collect/branches-of-run.ts';
import { maskedPublications } from '../flow/credentials/masked-stores.ts';
import { type ClientFor, credentialKey, publishPurpose } from '../flow/github/github-credential.ts';
import { createLookups, type Lookups } from '../flow/github/lookups.ts';
import type { Origin } from '../flow/github/origin.ts';
import { createServiceAccount, type ServiceAccount } from '../flow/github/service-account.ts';
import type { Directories } from '../flow/paths.ts';
import { recheckBeforePublishing } from '../flow/prepare/recheck.ts';
import { createPublisher, type Publisher } from '../flow/publishing/publisher.ts';
import { renderReport } from '../flow/reporting/report-texts.ts';
import { requestEndReport } from '../flow/reporting/status-comment.ts';
import type { Host } from '../flow/worker/host-identity.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';
import type { Profile } from '../profiles/profile.ts';
import { createPublicationStore } from '../runs/outbox/publication-store.ts';
import type { ReportStore } from '../runs/outbox/report-store.ts';
import { createOwnAccounts } from '../runs/store/own-accounts.ts';
import type { RunStore } from '../runs/store/run-store.ts';
import { gitHostEnvironment } from '../workspaces/git.ts';
import type { Mirrors } from '../workspaces/mirrors/mirror.ts';
import { createRemotes, type Remote } from '../workspaces/remote.ts';
import type { ComposedGrants } from './credentials.ts';
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

/** Seconds without a byte after which a push is given up. */
const STALL_SEC = 60;

/** Builds what pushes branches and opens pull requests. */
export function composePublishing(resources: {
  config: Config;
  db: Db;
  runs: RunStore;
  reports: ReportStore;
  deliveries: DeliveryStore;
  directories: Directories;
  host: Host;
  reporting: Pick<Reporting, 'lookups' | 'own' | 'marks'>;
  grants: Pick<
    ComposedGrants,
    'clientFor' | 'gitEnvironmentFor' | 'isGitTokenYoung' | 'releaseGitEnvironment'
  >;
  mirrors: Mirrors;
  redactor: Redactor;
  log: Logger;
}): Publisher {
  const { db, runs, reports, deliveries, directories, host, reporting, grants, mirrors, redactor, log } =
    resources;
  const { lookups, own, marks } = reporting;
  return createPublisher({
    runs,
    deliveries,
    directories,
    log,
    whyNotNow: async (run, profile) =>
      await recheckBeforePublishing({ lookups, own, runs, deliveries }, run, profile),
    host: host.current,
    publications: maskedPublications(createPublicationStore(db, clock), redactor.mask),
    clientFor: (profile, repository) => grants.clientFor(profile, repository, publishPurpose(profile)),
    remoteFor: remotesOf(resources),
    branchesFor: async (profile, run, signal) =>
      await branchesOfRun({ mirrors, mountHost: resources.config }, { run, profile }, signal),
    mask: redactor.mask,
    marks,
    updateReport: async (run) => await requestEndReport({ reports, runs, deliveries }, run),
    clock,
  });
}

function remotesOf({
  config,
  grants,
  redactor,
}: Parameters<typeof composePublishing>[0]): (profile: Profile, repository: string) => Remote {
  return (profile, repository) => {
    const [owner = '', name = ''] = repository.split('/');
    const remoteOf = createRemotes({
      serverUrl: config.githubServerUrl,
      credentialEnv: async () => await grants.gitEnvironmentFor(profile, repository, publishPurpose(profile)),
      releaseCredential: grants.releaseGitEnvironment,
      young: {
        isYoung: async () => await grants.isGitTokenYoung(profile, repository, publishPurpose(profile)),
        clock,
      },
      hostEnv: gitHostEnvironment(config.environment),
      cwd: config.varDir,
      stallSec: STALL_SEC,
      mask: redactor.mask,
    });
    return remoteOf({ id: 0, owner, name });
  };
}
