import { join } from 'node:path';
import type { Profile } from '../profiles/profile.ts';

/** The token file that a run's own GitHub credential is: the one its profile mounts, else the service's own. */
export function tokenFileFor(profile: Profile, secretsDir: string): string {
  const mounted = profile.execution.runtime.dockerArgs.mounts.find(
    (mount) => mount.type === 'bind' && mount.target === '/run/secrets/gh-token',
  );
  return mounted?.type === 'bind' ? mounted.source : join(secretsDir, 'gh-token');
}
