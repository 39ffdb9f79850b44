import type { Plan } from '../../containers/plan.ts';
import type { Profile } from '../../profiles/profile.ts';
import { appSecretOf, tokenMount } from '../github/github-credential.ts';

/**
 * Where the token comes from that a run finds in `file`: of the App in the secret that its profile names, else of the
 * first of `apps` that is installed on its repository, else it is a copy of `copyOf`.
 */
export type TokenOrigin = { file: string; secret: string | null; apps: string[]; copyOf: string | null };

/** Null for a run that is granted no token; `appsFor` names the Apps that may serve a repository, as far as is known without asking GitHub. */
export async function tokenOrigin(
  profile: Profile,
  plan: Pick<Plan, 'mounts'>,
  appsFor: () => Promise<string[]>,
): Promise<TokenOrigin | null> {
  const mount = tokenMount(plan);
  if (!mount) return null;
  const secret = appSecretOf(profile).appSecret?.name ?? null;
  if (secret !== null) return { file: mount.target, secret, apps: [], copyOf: null };
  return { file: mount.target, secret, apps: await appsFor(), copyOf: mount.source };
}
