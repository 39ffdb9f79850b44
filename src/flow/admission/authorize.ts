import { asFlowError, type Problem } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { FlowEvent } from '../../events/event.ts';
import { markedWriting } from '../../feedback/marks.ts';
import { isBot, isSameLogin, judgeActor, namesAccount, type PermissionLevel } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import {
  commitOnNoBranch,
  commitUnknown,
  forkNotAllowed,
  forkUnknown,
  ownAccount,
  permissionTooLow,
  permissionUnknown,
  readIsEverybodys,
  teamElsewhere,
  teamNotAllowed,
  teamUnknown,
  threadLocked,
} from './errors.ts';
import { isLocked } from './thread-state.ts';

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
  // A run's own mark holds for the service's account even where a profile names it; others who write it lose nothing.
  const isNamed =
    event.actor !== undefined &&
    !isBotActor &&
    !markedWriting(event) &&
    namesAccount(allow.actors, event.actor);
  const [isOwn, asked] = await Promise.all([
    isServiceItself(own, { profile, event, isNamed }),
    askGitHub(lookups, { profile, event, rule, isBotActor }),
  ]);
  if (isOwn && !isNamed) return { denied: ownAccount(event.actor?.login ?? '') };
  if ('denied' in asked) return asked;
  const denied = await refuseFork(lookups, profile, event);
  return denied ? { ...asked, denied } : { ...asked, byBot: isOwn || isBotActor, isOwn };
}

/** Whether the actor is the service account. Accounts that the profile names are compared with the known ones, without asking GitHub. */
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

/** GitHub's levels, each including those before it: https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories */
const LEVELS = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];

/** Whether `actual` includes `wanted`; a level that is not GitHub's reaches nothing. */
export function permissionReaches(actual: string, wanted: string): boolean {
  const least = LEVELS.indexOf(wanted);
  return least >= 0 && LEVELS.indexOf(actual) >= least;
}

/** Only those with write permission take part in a locked thread. */
function refuseLocked(login: string, permission: string | undefined): Problem | undefined {
  return permissionReaches(permission ?? '', 'write') ? undefined : threadLocked(login, permission ?? 'none');
}

/** Why the permission of an actor is not enough; without a `least` no permission is. */
async function refusePermission(
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

/** Why an actor is in none of these teams (`org/slug`). Teams of other organisations than the repository's owner do not count. */
async function refuseTeams(
  lookups: Pick<Lookups, 'isMember'>,
  profile: Profile,
  { repository, actor }: FlowEvent,
  teams: readonly string[],
): Promise<Problem | undefined> {
  const fullName = repository?.fullName ?? '';
  const owner = fullName.split('/')[0] ?? '';
  const ours = teams.filter((team) => isSameLogin(team.split('/')[0] ?? '', owner));
  if (ours.length === 0) return teamElsewhere(teams, owner);
  const login = actor?.login ?? '';
  let unknown: Problem | undefined;
  for (const team of ours) {
    const answer = await lookups
      .isMember(profile, fullName, team, { login, id: actor?.id })
      .catch(asFlowError);
    if (answer === true) return undefined;
    if (answer instanceof Error) unknown ??= teamUnknown(login, team, answer);
  }
  return unknown ?? teamNotAllowed(login, ours);
}

/** Why an event is about a fork's code while the profile admits none. */
async function refuseFork(
  lookups: Pick<Lookups, 'isFork' | 'isOwnCommit'>,
  profile: Profile,
  event: FlowEvent,
): Promise<Problem | undefined> {
  if (profile.allow.forks !== false) return undefined;
  const { pullRequest: pull, repository } = event;
  if (!pull) return await refuseForeignCommit(lookups, profile, event);
  const name = repository?.fullName ?? '';
  const isFork = pull.isFork ?? (await lookups.isFork(profile, name, pull.number).catch(asFlowError));
  if (isFork instanceof Error) return forkUnknown(pull.number, isFork);
  return isFork ? forkNotAllowed(pull.number) : undefined;
}

/** A commit is the repository's own when one of its branches has it. The branch in the event proves nothing: forks use the same names. */
async function refuseForeignCommit(
  lookups: Pick<Lookups, 'isOwnCommit'>,
  profile: Profile,
  { attributes, repository, commit }: FlowEvent,
): Promise<Problem | undefined> {
  if (attributes.isFork === true) return forkNotAllowed(undefined);
  if (commit === undefined || repository === undefined) return undefined;
  const isOwn = await lookups.isOwnCommit(profile, repository, commit).catch(asFlowError);
  if (isOwn instanceof Error) return commitUnknown(commit, isOwn);
  return isOwn ? undefined : commitOnNoBranch(commit);
}
