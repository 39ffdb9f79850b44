import { asFlowError, type Problem } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { PermissionLevel } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Lookups } from '../github/lookups.ts';
import { permissionTooLow, permissionUnknown, readIsEverybodys } from './errors.ts';

/** GitHub's levels, each including those before it: https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories */
const LEVELS = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];

/** Whether `actual` includes `wanted`; a level that is not GitHub's reaches nothing. */
export function permissionReaches(actual: string, wanted: string): boolean {
  const least = LEVELS.indexOf(wanted);
  return least >= 0 && LEVELS.indexOf(actual) >= least;
}

/** Why the permission of an actor is not enough; a profile that names no `least` lets nobody in by permission. */
export async function refusePermission(
  lookups: Pick<Lookups, 'isCollaborator'>,
  profile: Profile,
  { actor, repository, payload }: FlowEvent,
  { actual, least }: { actual: string | undefined; least: PermissionLevel | undefined },
): Promise<Problem | undefined> {
  const login = actor?.login ?? '';
  if (least === undefined || !permissionReaches(actual ?? '', least))
    return permissionTooLow(login, actual ?? 'none', least ?? 'write');
  // Everybody may read a public repository, so whoever has no more than that must belong to it.
  if (actual !== 'read' || isPrivate(payload)) return undefined;
  const belongs = await lookups
    .isCollaborator(profile, repository?.fullName ?? '', login, actor?.id)
    .catch(asFlowError);
  if (belongs instanceof Error) return permissionUnknown(login, belongs);
  return belongs ? undefined : readIsEverybodys(login);
}

/** Only what GitHub says is private counts as that. */
function isPrivate({ repository }: FlowEvent['payload']): boolean {
  return isObject(repository) && repository.private === true;
}
