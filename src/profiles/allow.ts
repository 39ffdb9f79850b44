import type { Problem } from '../base/errors.ts';
import type { EventActor } from '../events/event.ts';
import type { Allow } from './profile.ts';

/** A permission that is compared with what GitHub reports for the actor. */
export type PermissionLevel = Exclude<NonNullable<Allow['permission']>, 'any'>;

/** The decision about an actor before any request to GitHub: allowed, denied with a reason, or what GitHub has to confirm, the least permission or a team of the actor. One of the two is enough. */
type AllowDecision = 'allowed' | { ask?: PermissionLevel; teams?: readonly string[] } | { denied: Problem };

/** Decides about the actor of an event without any request. A bot is allowed only by its exact login in `allow.bots`. */
export function judgeActor(allow: Allow, actor: EventActor | undefined): AllowDecision {
  if (!actor || actor.login === '') return { denied: actorUnknown() };
  if (isBot(actor))
    return namesAccount(allow.bots, actor) ? 'allowed' : { denied: botNotAllowed(actor.login) };
  if (namesAccount(allow.actors, actor) || allow.permission === 'any') return 'allowed';
  const teams = allow.teams ?? [];
  if (!allow.permission && teams.length === 0) return { denied: actorNotAllowed(actor.login) };
  return { ...(allow.permission && { ask: allow.permission }), ...(teams.length > 0 && { teams }) };
}

/** `allow` as a profile wrote it, with its default: write permission, unless actors, teams or bots are named. */
export function fullAllow(written: Partial<Allow> | undefined): Allow {
  const { permission, actors, teams, bots, forks } = written ?? {};
  const named = actors !== undefined || teams !== undefined || bots !== undefined;
  const least = permission ?? (named ? undefined : 'write');
  return {
    ...(least && { permission: least }),
    actors: actors ?? [],
    ...(teams && { teams }),
    bots: bots ?? [],
    ...(forks === undefined ? {} : { forks }),
  };
}

/** Whether two logins name one account: GitHub ignores their case. */
export function isSameLogin(one: string, other: string): boolean {
  return lower(one) === lower(other);
}

/** Whether a bot caused an event. GitHub gives both marks; one is enough, so that neither can be left out to pass as a person. */
export function isBot(actor: EventActor): boolean {
  return actor.type === 'Bot' || lower(actor.login).endsWith('[bot]');
}

/** Whether a list of logins and of `login#id` names an account; where an id is given, it alone counts. */
export function namesAccount(listed: readonly string[], account: Account): boolean {
  return listed.some((each) =>
    each.includes('#') ? each.split('#')[1] === String(account.id) : isSameLogin(each, account.login),
  );
}

/** Whether a list names an account by its login alone. Such a login may belong to another account by now. */
export function isNamedByLogin(listed: readonly string[], account: Account): boolean {
  return (
    namesAccount(listed, account) &&
    !namesAccount(
      listed.filter((each) => each.includes('#')),
      account,
    )
  );
}

/** The login of `login` or `login#id`. */
export function listedLogin(listed: string): string {
  return listed.split('#')[0] ?? '';
}

type Account = Pick<EventActor, 'login' | 'id'>;

/** Logins are ASCII; full case folding would let other letters pass for them (the Kelvin sign folds to k). */
function lower(login: string): string {
  return login.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function actorUnknown(): Problem {
  return {
    code: 'actor_unknown',
    message: 'The event does not say who caused it, so nobody can be asked whether they may start a run.',
    hint: 'Nothing can be done for this delivery; events that people cause carry a sender.',
  };
}

function botNotAllowed(login: string): Problem {
  return {
    code: 'bot_not_allowed',
    message: `${login} is a bot, and allow.bots of the profile does not name it.`,
    hint: `If this bot may start runs, add ${JSON.stringify(login)} to allow.bots of the profile.`,
  };
}

function actorNotAllowed(login: string): Problem {
  return {
    code: 'actor_not_allowed',
    message: `${login} is not among allow.actors of the profile, which admits these alone.`,
    hint: `Add ${JSON.stringify(login)} to allow.actors of the profile, or set allow.permission there.`,
  };
}
