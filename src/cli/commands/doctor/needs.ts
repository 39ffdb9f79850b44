import { type Agent, grantedAgents } from '../../../agents/agent.ts';
import type { Problem } from '../../../base/errors.ts';
import { composeNeeds } from '../../../compose/dry-run.ts';
import { policySource, profileChecks } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import { reportApp } from '../../../credentials/github-app/report.ts';
import { appSecretProblems } from '../../../flow/dry-run/app-secret.ts';
import { appSecretOf, runPermissions } from '../../../flow/github/github-credential.ts';
import { loadPolicy } from '../../../policy/load.ts';
import type { Profile } from '../../../profiles/profile.ts';
import { loadProfiles } from '../../../profiles/read/load.ts';
import { tokenLook } from '../app/test.ts';
import { hostsOf } from '../shared/app-serving-view.ts';
import { quietApps } from './apps.ts';
import type { Check, Finding } from './check.ts';
import { MAX_CHECKED, planOf } from './engine.ts';

/** Whether the credentials of each profile exist: token, logins, secrets. */
export async function* checkNeeds(
  config: Config,
  look: (name: string, work: () => Promise<Finding>) => Promise<Check>,
): AsyncGenerator<Check> {
  const needs = composeNeeds(config);
  for (const profile of (await usableProfiles(config)).slice(0, MAX_CHECKED))
    yield await look(`needs of ${profile.path}`, async () => {
      const found = await needs(profile, planOf(profile, loadPolicy(policySource(config)), config));
      const what = found.map((need) => need.what).join(', ');
      const problems = found.flatMap((need) => need.problems);
      return {
        detail: what === '' ? 'no credential' : what,
        problems: [...problems, ...(await askAboutApp(config, profile, problems))],
      };
    });
}

/** What GitHub says about the App in a profile's secret, unless it has `known` problems. */
async function askAboutApp(config: Config, profile: Profile, known: readonly Problem[]): Promise<Problem[]> {
  const { appSecret } = appSecretOf(profile);
  if (!appSecret || known.some(({ code }) => code === 'secret_missing' || code.startsWith('app_'))) return [];
  const apps = quietApps(config);
  const problems = await appSecretProblems(apps.checkSecret, profile, { ask: true });
  if (problems.length > 0) return problems;
  const app = await apps.inSecret(appSecret);
  const wanted = runPermissions(profile);
  const parts = { api: apps.apiFor(app), look: tokenLook(app), hosts: hostsOf(config), wanted };
  const report = await reportApp(app, parts);
  return [...report.problems, ...report.installations.flatMap((each) => each.problems)].map((problem) => ({
    ...problem,
    hint: `${problem.hint} The App is in the secret ${appSecret.name}: \`github-flows secret set\` changes it there.`,
  }));
}

/** Whether any profile that can be loaded shares the login of an agent in `dir`; true where that is not known. */
export async function isLoginWanted(config: Config, agent: Agent, dir: string): Promise<boolean> {
  const profiles = await usableProfiles(config);
  const shares = ({ credentials, execution }: Profile): boolean =>
    grantedAgents(credentials, [agent]).length > 0 ||
    execution.runtime.dockerArgs.mounts.some((mount) => mount.type === 'bind' && mount.source === dir);
  return profiles.length === 0 || profiles.some(shares);
}

/** Whether each profile takes its App from a secret, so that no token file is needed. */
export async function haveOwnApps(config: Config): Promise<boolean> {
  const profiles = await usableProfiles(config);
  return profiles.length > 0 && profiles.every(({ credentials }) => credentials.github?.app !== undefined);
}

/** Empty if there are issues, which another check reports. */
async function usableProfiles(config: Config): Promise<readonly Profile[]> {
  try {
    const { profiles, issues } = await loadProfiles({
      dir: config.profilesDir,
      checks: profileChecks(config),
    });
    return issues.length > 0 ? [] : profiles;
  } catch {
    return [];
  }
}
