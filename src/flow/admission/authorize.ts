import { asFlowError, type Problem } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { FlowEvent } from '../../events/event.ts';
import { isBot, isSameLogin, judgeActor, namesAccount, type PermissionLevel } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import * as denials from './denials.ts';
import { permissionReaches } from './permission-levels.ts';

/** Who caused an event may start a run, as a person or as a machine (`isOwn`: the service itself); or not, and why. `permission` is what GitHub said, if it was asked. */
export type ActorJudgement =
  | { machine: boolean; isOwn: boolean; permission?: string }
  | { denied: Problem; permission?: string };

/** What GitHub is asked about an actor. */
type ActorLookups = Pick<Lookups, 'permission' | 'isCollaborator' | 'isMember' | 'isFork' | 'isOwnCommit'>;

/** Judges the actor of an event by a profile: its `allow`, whether it is the service itself, locked threads, forks. No answer means no. */
export async function askActor(
  parts: { lookups: ActorLookups; own: ServiceAccount },
  profile: Profile,
  event: FlowEvent,
): Promise<ActorJudgement> {
  const repository = event.repository?.fullName ?? '';
  const judgement = judgeActor(profile.allow, event.actor);
  if (typeof judgement === 'object' && 'denied' in judgement) return judgement;
  const login = event.actor?.login ?? '';
  const isNamed =
    event.actor !== undefined && !isBotActor(event) && namesAccount(profile.allow.actors, event.actor);
  const [own, asked] = await Promise.all([
    isOwn(parts.own, { profile, repository, login, id: event.actor?.id, isNamed }),
    confirm(parts.lookups, { profile, event, repository, login, judgement }),
  ]);
  if (own && !isNamed) return { denied: denials.ownAccount(login) };
  if ('denied' in asked) return asked;
  const fork = await refuseFork(parts.lookups, { profile, event, repository });
  if (fork) return { ...asked, denied: fork };
  return { ...asked, machine: own || isBotActor(event), isOwn: own };
}

function isBotActor({ actor }: FlowEvent): boolean {
  return actor !== undefined && isBot(actor);
}

/** Those whom a profile names need no lookup; what is known of them counts all the same. */
async function isOwn(
  own: ServiceAccount,
  {
    profile,
    repository,
    login,
    id,
    isNamed,
  }: { profile: Profile; repository: string; login: string; id: number | undefined; isNamed: boolean },
): Promise<boolean> {
  if (await own.isKnownOwn(login, id)) return true;
  const isBotNamed = namesAccount(profile.allow.bots, { login, id });
  return !isNamed && !isBotNamed && (await own.isOwn(profile, repository, login, id));
}

type Question = {
  profile: Profile;
  event: FlowEvent;
  repository: string;
  login: string;
  judgement: 'allowed' | { ask?: PermissionLevel; teams?: readonly string[] };
};

/** Asks GitHub what `allow` leaves to it. Only who has write permission takes part in a locked thread; bots that are named are taken at their name. */
async function confirm(
  lookups: ActorLookups,
  question: Question,
): Promise<{ permission?: string } | { denied: Problem; permission?: string }> {
  const { profile, event, repository, login, judgement } = question;
  const teams = judgement === 'allowed' ? [] : (judgement.teams ?? []);
  const locked = isLocked(event) && !isBotActor(event);
  if (judgement === 'allowed' && !locked) return {};
  const least = judgement === 'allowed' ? undefined : judgement.ask;
  const needed = locked || least !== undefined;
  const permission = needed
    ? await lookups.permission(profile, repository, login, event.actor?.id).catch(asFlowError)
    : undefined;
  if (permission instanceof Error && (locked || teams.length === 0))
    return { denied: denials.permissionUnknown(login, permission) };
  const known = typeof permission === 'string' ? { permission } : {};
  if (locked && !permissionReaches(known.permission ?? '', 'write'))
    return { ...known, denied: denials.threadLocked(login, known.permission ?? 'none') };
  if (judgement === 'allowed') return known;
  const reaches = least !== undefined && permissionReaches(known.permission ?? '', least);
  const everybody = reaches ? await refuseEverybody(lookups, question, known.permission) : undefined;
  if (reaches && !everybody) return known;
  if (everybody && teams.length === 0) return { ...known, denied: everybody };
  if (teams.length > 0) {
    const denied = await askTeams(lookups, question, teams);
    return denied ? { ...known, denied } : known;
  }
  return { ...known, denied: denials.permissionTooLow(login, known.permission ?? 'none', least ?? 'write') };
}

/** GitHub lets everybody read a public repository; who has no more than that has to belong to it. */
async function refuseEverybody(
  lookups: ActorLookups,
  { profile, event, repository, login }: Question,
  permission: string | undefined,
): Promise<Problem | undefined> {
  if (permission !== 'read' || isPrivate(event)) return undefined;
  const belongs = await lookups
    .isCollaborator(profile, repository, login, event.actor?.id)
    .catch(asFlowError);
  if (belongs instanceof Error) return denials.permissionUnknown(login, belongs);
  return belongs ? undefined : denials.readIsEverybodys(login);
}

/** Only what GitHub says is private counts as that. */
function isPrivate({ payload: { repository } }: FlowEvent): boolean {
  return isObject(repository) && repository.private === true;
}

async function askTeams(
  lookups: ActorLookups,
  { profile, event, repository, login }: Question,
  teams: readonly string[],
): Promise<Problem | undefined> {
  const owner = repository.split('/')[0] ?? '';
  const ours = teams.filter((team) => isSameLogin(team.split('/')[0] ?? '', owner));
  if (ours.length === 0) return denials.teamElsewhere(teams, owner);
  const id = event.actor?.id;
  let unknown: Problem | undefined;
  for (const team of ours) {
    const answer = await lookups.isMember(profile, repository, team, { login, id }).catch(asFlowError);
    if (answer === true) return undefined;
    if (answer instanceof Error) unknown ??= denials.teamUnknown(login, team, answer);
  }
  return unknown ?? denials.teamNotAllowed(login, ours);
}

async function refuseFork(
  lookups: ActorLookups,
  { profile, event, repository }: Pick<Question, 'profile' | 'event' | 'repository'>,
): Promise<Problem | undefined> {
  const pull = event.pullRequest;
  if (profile.allow.forks !== false) return undefined;
  if (!pull) return await refuseForeignCommit(lookups, profile, event);
  const isFork = pull.isFork ?? (await lookups.isFork(profile, repository, pull.number).catch(asFlowError));
  if (isFork instanceof Error) return denials.forkUnknown(pull.number, isFork);
  return isFork ? denials.forkNotAllowed(pull.number) : undefined;
}

/** A commit is the repository's own when one of its branches holds it; what the event says of branches is a name that forks have, too. */
async function refuseForeignCommit(
  lookups: ActorLookups,
  profile: Profile,
  { attributes, repository, commit }: FlowEvent,
): Promise<Problem | undefined> {
  if (attributes.isFork === true) return denials.forkNotAllowed(undefined);
  if (commit === undefined || repository === undefined) return undefined;
  const isOwn = await lookups.isOwnCommit(profile, repository, commit).catch(asFlowError);
  if (isOwn instanceof Error) return denials.commitUnknown(commit, isOwn);
  return isOwn ? undefined : denials.commitOnNoBranch(commit);
}

/** Whether the conversation that an event belongs to is locked: https://docs.github.com/communities/moderating-comments-and-conversations/locking-conversations */
export function isLocked({ payload }: FlowEvent): boolean {
  return [payload.issue, payload.pull_request, payload.discussion].some(
    (thread) => isObject(thread) && thread.locked === true,
  );
}
