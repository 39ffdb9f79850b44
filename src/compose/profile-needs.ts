import { existsSync } from 'node:fs';
import { systemClock as clock } from '../base/clock.ts';
import { asFlowError, type Problem } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Plan } from '../containers/plan.ts';
import { type Need, profileNeeds } from '../flow/dry-run/profile-needs.ts';
import { appSecretOf } from '../flow/github/github-credential.ts';
import { createLogger } from '../log/logger.ts';
import { createRedactor } from '../log/redact.ts';
import type { Profile } from '../profiles/profile.ts';
import { AGENTS } from './agents.ts';
import { appsFile, type ComposedApps, composeApps } from './apps.ts';
import { composeSecrets } from './secrets.ts';

/** How many repositories of one trigger are looked at. */
const MOST_REPOSITORIES = 20;

/** Builds what looks at the credentials of profiles for a command that hands none out. */
export function composeNeeds(config: Config): (profile: Profile, plan: Plan) => Promise<Need[]> {
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  const { secrets } = composeSecrets({ config, redactor, log });
  const apps = composeApps({ config, redactor, log });
  const hasApps = async (): Promise<boolean> =>
    existsSync(appsFile(config).file) && (await apps.store.all().catch(() => [])).length > 0;
  const checkApp = async (profile: Profile): Promise<Problem[]> =>
    await appSecretProblems(apps, profile, { ask: false });
  const parts = { agents: AGENTS, secrets, hasApps, checkApp, clock };
  return async (profile, plan) => await profileNeeds(parts, profile, plan);
}

/**
 * What keeps the App in the secret that a profile names from serving the repositories that its trigger names, each fault
 * once; where the trigger names none, from serving any. With `ask` GitHub is asked where the App is installed.
 */
export async function appSecretProblems(
  apps: Pick<ComposedApps, 'checkSecret'>,
  profile: Profile,
  { ask }: { ask: boolean },
): Promise<Problem[]> {
  const { appSecret } = appSecretOf(profile);
  if (!appSecret) return [];
  const problems = new Map<string, Problem>();
  for (const repository of namedRepositories(profile))
    try {
      await apps.checkSecret(appSecret, { repository, ask });
    } catch (error) {
      const problem = asFlowError(error).toProblem();
      problems.set(problem.message, problem);
    }
  return [...problems.values()];
}

function namedRepositories({ trigger: { repository } }: Profile): (string | undefined)[] {
  const named = [repository].flat().flatMap((name) => (typeof name === 'string' ? [name] : []));
  return named.length === 0 ? [undefined] : named.slice(0, MOST_REPOSITORIES);
}
