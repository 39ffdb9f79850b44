import { existsSync } from 'node:fs';
import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Plan } from '../containers/plan.ts';
import { type Need, profileNeeds } from '../flow/dry-run/profile-needs.ts';
import { createLogger } from '../log/logger.ts';
import { createRedactor } from '../log/redact.ts';
import type { Profile } from '../profiles/profile.ts';
import { appsFile, composeApps } from './apps.ts';
import { composeSecrets } from './secrets.ts';

/** Builds what looks at the credentials of profiles for a command that hands none out. */
export function composeNeeds(config: Config): (profile: Profile, plan: Plan) => Promise<Need[]> {
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  const { secrets } = composeSecrets({ config, redactor, log });
  const { store } = composeApps({ config, redactor, log });
  const hasApps = async (): Promise<boolean> =>
    existsSync(appsFile(config).file) && (await store.all().catch(() => [])).length > 0;
  return async (profile, plan) => await profileNeeds({ secrets, hasApps, clock }, profile, plan);
}
