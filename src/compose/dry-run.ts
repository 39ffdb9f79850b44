import { existsSync } from 'node:fs';
import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Plan } from '../containers/plan.ts';
import { appsFor } from '../credentials/github-app/apps-for.ts';
import { appName } from '../credentials/github-app/record.ts';
import type { Db } from '../db/open.ts';
import { type AdmissionDryRun, createAdmissionDryRun } from '../flow/dry-run/admission.ts';
import { createDryRun } from '../flow/dry-run/create-dry-run.ts';
import type { DryRun } from '../flow/dry-run/explain.ts';
import { type Need, profileNeeds } from '../flow/dry-run/profile-needs.ts';
import { credentialKey } from '../flow/github/github-credential.ts';
import { createLookups } from '../flow/github/lookups.ts';
import { createServiceAccount } from '../flow/github/service-account.ts';
import { createLogger } from '../log/logger.ts';
import { createRedactor } from '../log/redact.ts';
import type { Profile } from '../profiles/profile.ts';
import { createOwnAccounts } from '../runs/store/own-accounts.ts';
import { createRunStore } from '../runs/store/run-store.ts';
import { AGENTS } from './agents.ts';
import { appsFile, composeApps } from './apps.ts';
import { composeSecrets } from './credentials.ts';
import { composeClients, listsFor, mountHost, planDefaults, policyOnce } from './host.ts';
import { originAsFetched } from './origin.ts';

/** Builds what asks GitHub and the stored runs for a command that changes nothing, with the credentials that runs have. */
export async function composeAdmissionDryRun(config: Config, db: Db): Promise<AdmissionDryRun> {
  const redactor = createRedactor();
  const log = createLogger({ level: 'fatal', redactor });
  const apps = composeApps({ config, redactor, log });
  // Apps that cannot be read serve nobody; a request for their tokens reports why.
  await apps.store.all().catch(() => []);
  const clientFor = composeClients(config, apps.tokens, log);
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

/** Builds what `explain` uses of the flow. Throws `policy_invalid`. */
export function composeDryRun(
  config: Config,
  { admission, missing, appsFor }: Pick<DryRun, 'admission' | 'missing' | 'appsFor'>,
): DryRun {
  const policy = policyOnce(config);
  return createDryRun({
    mountHost: mountHost(config, policy),
    policy,
    defaults: planDefaults(config),
    directories: config,
    secretsDir: config.secretsDir,
    hostLists: listsFor(config),
    admission,
    missing,
    appsFor,
  });
}

/** Builds what looks at the credentials of profiles for a command that hands none out. */
export function composeNeeds(config: Config): (profile: Profile, plan: Plan) => Promise<Need[]> {
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  const { secrets } = composeSecrets({ config, redactor, log });
  const apps = composeApps({ config, redactor, log });
  const hasApps = async (): Promise<boolean> =>
    existsSync(appsFile(config).file) && (await apps.store.all().catch(() => [])).length > 0;
  const parts = { agents: AGENTS, secrets, hasApps, checkSecret: apps.checkSecret, clock };
  return async (profile, plan) => await profileNeeds(parts, profile, plan);
}

/** Builds what names the Apps that may serve a repository, as far as is known without asking GitHub. */
export function composeAppsFor(config: Config): (repository: string) => Promise<string[]> {
  const redactor = createRedactor();
  const { store } = composeApps({ config, redactor, log: createLogger({ level: 'silent', redactor }) });
  const hosts = { apiUrl: config.githubApiUrl, serverUrl: config.githubServerUrl };
  return async (repository) => appsFor(await store.all().catch(() => []), repository, hosts).map(appName);
}
