import type { Problem } from '../base/errors.ts';
import type { EventActor } from '../events/event.ts';
import type { Allow } from './profile.ts';

/** A permission that GitHub can be asked about. */
export type PermissionLevel = Exclude<NonNullable<Allow['permission']>, 'any'>;

/** What `allow` says of an actor by itself: yes, no and why, or the least permission that GitHub has to confirm. */
export type Judgement = 'allowed' | { ask: PermissionLevel } | { denied: Problem };

/** Judges who caused an event, without asking anybody. Bots start things only by their exact login in `allow.bots`. */
export function judgeActor(allow: Allow, actor: EventActor | undefined): Judgement {
  if (!actor || actor.login === '') return { denied: actorUnknown() };
  if (isBot(actor))
    return names(allow.bots, actor.login) ? 'allowed' : { denied: botNotAllowed(actor.login) };
  if (names(allow.actors, actor.login) || allow.permission === 'any') return 'allowed';
  return allow.permission ? { ask: allow.permission } : { denied: actorNotAllowed(actor.login) };
}

/** `allow` as a profile wrote it, with its default: write permission, unless actors or bots are named. */
export function fullAllow(written: Partial<Allow> | undefined): Allow {
  const { permission, actors, bots } = written ?? {};
  const named = actors !== undefined || bots !== undefined;
  const least = permission ?? (named ? undefined : 'write');
  return { ...(least && { permission: least }), actors: actors ?? [], bots: bots ?? [] };
}

/** GitHub gives both marks; one is enough, so that neither can be left out to pass as a person. */
function isBot(actor: EventActor): boolean {
  return actor.type === 'Bot' || lower(actor.login).endsWith('[bot]');
}

function names(logins: readonly string[], login: string): boolean {
  return logins.some((listed) => lower(listed) === lower(login));
}

/** Logins are ASCII; full case folding would let other letters pass for them (the Kelvin sign folds to k). */
function lower(login: string): string {
  return login.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function actorUnknown(): Problem {
  return {
    code: 'actor_unknown',
    message: 'The event does not say who caused it, so nobody can be asked whether they may start a run.',
    mend: 'Nothing can be done for this delivery; events that people cause carry a sender.',
  };
}

function botNotAllowed(login: string): Problem {
  return {
    code: 'bot_not_allowed',
    message: `${login} is a bot, and allow.bots of the profile does not name it.`,
    mend: `If this bot may start runs, add ${JSON.stringify(login)} to allow.bots of the profile.`,
  };
}

function actorNotAllowed(login: string): Problem {
  return {
    code: 'actor_not_allowed',
    message: `${login} is not among allow.actors of the profile, which admits these alone.`,
    mend: `Add ${JSON.stringify(login)} to allow.actors of the profile, or set allow.permission there.`,
  };
}
