import { policyPlace, profileChecks } from '../../../compose/host.ts';
import { composeNeeds } from '../../../compose/profile-needs.ts';
import type { Config } from '../../../config/config.ts';
import { loadPolicy } from '../../../policy/load.ts';
import type { Profile } from '../../../profiles/profile.ts';
import { loadProfiles } from '../../../profiles/read/load.ts';
import type { Check, Finding } from './check.ts';
import { MOST_LOOKED_AT, planOf } from './engine.ts';

/** Whether what each profile grants its runs is there: token, logins, secrets. Their images are looked at with the engine. */
export async function* checkNeeds(
  config: Config,
  look: (name: string, work: () => Promise<Finding>) => Promise<Check>,
): AsyncGenerator<Check> {
  const needs = composeNeeds(config);
  for (const profile of (await usableProfiles(config)).slice(0, MOST_LOOKED_AT))
    yield await look(`needs of ${profile.path}`, async () => {
      const found = await needs(profile, planOf(profile, loadPolicy(policyPlace(config)), config));
      const what = found.map((need) => need.what).join(', ');
      return {
        detail: what === '' ? 'no credential' : what,
        problems: found.flatMap(({ problems }) => problems),
      };
    });
}

/** Whether any profile that can be loaded shares the Codex login in `dir`; true where that is not known. */
export async function isCodexWanted(config: Config, dir: string): Promise<boolean> {
  const profiles = await usableProfiles(config);
  const shares = ({ credentials, execution }: Profile): boolean =>
    credentials.codex ||
    execution.runtime.dockerArgs.mounts.some((mount) => mount.type === 'bind' && mount.source === dir);
  return profiles.length === 0 || profiles.some(shares);
}

/** None where there are faults, which other checks tell. */
async function usableProfiles(config: Config): Promise<readonly Profile[]> {
  try {
    const { profiles, faults } = await loadProfiles({
      dir: config.profilesDir,
      checks: profileChecks(config),
    });
    return faults.length > 0 ? [] : profiles;
  } catch {
    return [];
  }
}
