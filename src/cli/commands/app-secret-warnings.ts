import { join } from 'node:path';
import { composeApps } from '../../compose/apps.ts';
import type { Config } from '../../config/config.ts';
import { appSecretProblems } from '../../flow/dry-run/app-secret.ts';
import { createLogger } from '../../log/logger.ts';
import { createRedactor } from '../../log/redact.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { LoadResult } from '../../profiles/read/load.ts';

/** What is wrong with the secrets whose Apps profiles name: a warning, for where profiles are checked the secrets need not be. Asks nobody. */
export async function appSecretWarnings(
  config: Config,
  profiles: readonly Profile[],
): Promise<LoadResult['warnings']> {
  const naming = profiles.filter(({ credentials }) => credentials.github?.app !== undefined);
  if (naming.length === 0) return [];
  const redactor = createRedactor();
  const apps = composeApps({ config, redactor, log: createLogger({ level: 'silent', redactor }) });
  const found = naming.map(async (profile) => {
    const file = join(config.profilesDir, profile.path, 'profile.json');
    const problems = await appSecretProblems(apps.checkSecret, profile, { ask: false });
    return problems.map((problem) => ({ ...problem, file, path: '/credentials/github/app' }));
  });
  return (await Promise.all(found)).flat();
}
