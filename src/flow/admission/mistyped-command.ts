import type { Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ProfileSet } from '../../profiles/match/match.ts';
import { type NearCommand, nearCommand } from '../../profiles/match/near-command.ts';
import type { Profile } from '../../profiles/profile.ts';
import { authorize } from './authorize.ts';
import { COMMANDS, type CommandParts, commandTargets, hearsCommands } from './comment-commands.ts';
import { commandMistyped } from './errors.ts';

/** The answer to a word that is nearly a command; `about` is the word. */
export type MistypedCommand = {
  profile: Profile;
  problem: Problem;
  permission: string | undefined;
  about: string;
};

/** Who gets no answer: bots, the service itself, and whoever may not write in the thread. */
const UNHEARD = ['actor_unknown', 'bot_not_allowed', 'own_account', 'thread_locked'];

/** The word of an event that is nearly a command of a profile or, in comments, of runs. */
export function findMistyped(event: FlowEvent, profiles: ProfileSet): NearCommand | undefined {
  const toRuns = hearsCommands(event) ? COMMANDS.map((name) => `/${name}`) : [];
  return nearCommand(event, profiles, toRuns);
}

/** The same with the answer; undefined where the thread has no run, or the sender gets no answer. */
export async function answerMistyped(
  parts: CommandParts,
  event: FlowEvent,
  profiles: ProfileSet,
): Promise<MistypedCommand | undefined> {
  const near = findMistyped(event, profiles);
  if (!near) return undefined;
  const { profile, denied, permission } = near.profile
    ? await ask(parts, event, near.profile)
    : await askRuns(parts, event, profiles);
  if (!profile || (denied && UNHEARD.includes(denied.code))) return undefined;
  return { profile, problem: commandMistyped(near), permission, about: near.word };
}

type SenderAccess = {
  profile: Profile | undefined;
  denied: Problem | undefined;
  permission: string | undefined;
};

async function ask(parts: CommandParts, event: FlowEvent, profile: Profile): Promise<SenderAccess> {
  const authorization = await authorize(parts, profile, event);
  const { permission } = authorization;
  return { profile, permission, denied: 'denied' in authorization ? authorization.denied : undefined };
}

/** A /status would be about any run of the thread. */
async function askRuns(parts: CommandParts, event: FlowEvent, profiles: ProfileSet): Promise<SenderAccess> {
  const meant = await commandTargets(parts, event, { name: 'status', runId: undefined }, profiles);
  const { profile, permission } = meant;
  return { profile, permission, denied: 'problem' in meant ? meant.problem : undefined };
}
