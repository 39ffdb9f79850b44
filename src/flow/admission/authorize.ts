import { asFlowError, type Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import { isBot, judgeActor, namesAccount } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { ownAccount, permissionUnknown } from './errors.ts';
import { refuseFork } from './forks.ts';
import { refusePermission } from './permission.ts';
import { refuseTeams } from './teams.ts';
import { isLocked, refuseLocked } from './thread-state.ts';

/**
 * Whether the actor of an event may start a run of a profile. `byBot`: no person is behind it; `isOwn`: the service
 * itself is. `permission` is GitHub's answer, if it was asked.
 */
export type Authorization =
  | { byBot: boolean; isOwn: boolean; permission?: string }
  | { denied: Problem; permission?: string };

/** What GitHub is asked about an actor. */
type ActorLookups = Pick<Lookups, 'permission' | 'isCollaborator' | 'isMember' | 'isFork' | 'isOwnCommit'>;

/** Checks the actor of an event by a profile: `allow`, the service account, locked threads, forks. No answer means no. */
export async function authorize(
  { lookups, own }: { lookups: ActorLookups; own: ServiceAccount },
  profile: Profile,
  event: FlowEvent,
): Promise<Authorization> {
  const { allow } = profile;
  const rule = judgeActor(allow, event.actor);
  if (typeof rule === 'object' && 'denied' in rule) return rule;
  const isBotActor = event.actor !== undefined && isBot(event.actor);
  const isNamed = event.actor !== undefined && !isBotActor && namesAccount(allow.actors, event.actor);
  const [isOwn, asked] = await Promise.all([
    isServiceItself(own, { profile, event, isNamed }),
    askGitHub(lookups, { profile, event, rule, isBotActor }),
  ]);
  if (isOwn && !isNamed) return { denied: ownAccount(event.actor?.login ?? '') };
  if ('denied' in asked) return asked;
  const denied = await refuseFork(lookups, profile, event);
  return denied ? { ...asked, denied } : { ...asked, byBot: isOwn || isBotActor, isOwn };
}

/** Accounts that a profile names need no lookup; those that are known as the service's own count all the same. */
async function isServiceItself(
  own: ServiceAccount,
  { profile, event, isNamed }: { profile: Profile; event: FlowEvent; isNamed: boolean },
): Promise<boolean> {
  const login = event.actor?.login ?? '';
  const id = event.actor?.id;
  if (await own.isKnownOwn(login, id)) return true;
  const isBotNamed = namesAccount(profile.allow.bots, { login, id });
  return !isNamed && !isBotNamed && (await own.isOwn(profile, event.repository?.fullName ?? '', login, id));
}

type Question = {
  profile: Profile;
  event: FlowEvent;
  rule: Exclude<ReturnType<typeof judgeActor>, { denied: Problem }>;
  isBotActor: boolean;
};

/** Asks GitHub what `allow` leaves open: the permission or a team is enough. In a locked thread everybody but a named bot needs write permission too. */
async function askGitHub(
  lookups: ActorLookups,
  { profile, event, rule, isBotActor }: Question,
): Promise<{ permission?: string } | { denied: Problem; permission?: string }> {
  const needsWrite = isLocked(event) && !isBotActor;
  if (rule === 'allowed' && !needsWrite) return {};
  const { ask: least, teams = [] } = rule === 'allowed' ? {} : rule;
  const login = event.actor?.login ?? '';
  const isAsked = needsWrite || least !== undefined;
  const repository = event.repository?.fullName ?? '';
  const answer = isAsked
    ? await lookups.permission(profile, repository, login, event.actor?.id).catch(asFlowError)
    : undefined;
  if (answer instanceof Error && (needsWrite || teams.length === 0))
    return { denied: permissionUnknown(login, answer) };
  const known = typeof answer === 'string' ? { permission: answer } : {};
  const locked = needsWrite ? refuseLocked(login, known.permission) : undefined;
  if (locked) return { ...known, denied: locked };
  if (rule === 'allowed') return known;
  const tooLow = await refusePermission(lookups, profile, event, { actual: known.permission, least });
  if (!tooLow) return known;
  const denied = teams.length > 0 ? await refuseTeams(lookups, profile, event, teams) : tooLow;
  return denied ? { ...known, denied } : known;
}
