import type { Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ProfileSet } from '../../profiles/match/match.ts';
import { type NearCommand, nearCommand } from '../../profiles/match/near-command.ts';
import type { Profile } from '../../profiles/profile.ts';
import { authorize } from './authorize.ts';
import { COMMANDS, type CommandParts, commandTargets, hearsCommands } from './comment-commands.ts';
import { commandMistyped } from './errors.ts';

/** What is to be said of a word that is nearly a command, to whom GitHub gives this permission; `about` is the word. */
export type MistypedCommand = {
  profile: Profile;
  problem: Problem;
  permission: string | undefined;
  about: string;
};

/** Whom nothing is said to: machines, the service itself, and whoever may not speak in the thread. */
const UNHEARD = ['actor_unknown', 'bot_not_allowed', 'own_account', 'thread_locked'];

/** The word of an event that is nearly a command which something listens to there; only comments speak to runs. */
export function findMistyped(event: FlowEvent, profiles: ProfileSet): NearCommand | undefined {
  const toRuns = hearsCommands(event) ? COMMANDS.map((name) => `/${name}`) : [];
  return nearCommand(event, profiles, toRuns);
}

/** The same with what is to be said of it; nothing where nobody listens: no run in the thread, or a sender who is not heard. */
export async function judgeMistyped(
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

type Asked = { profile: Profile | undefined; denied: Problem | undefined; permission: string | undefined };

async function ask(parts: CommandParts, event: FlowEvent, profile: Profile): Promise<Asked> {
  const judgement = await authorize(parts, profile, event);
  const { permission } = judgement;
  return { profile, permission, denied: 'denied' in judgement ? judgement.denied : undefined };
}

/** Any run of the thread would be told of by /status. */
async function askRuns(parts: CommandParts, event: FlowEvent, profiles: ProfileSet): Promise<Asked> {
  const meant = await commandTargets(parts, event, { name: 'status', runId: undefined }, profiles);
  const { profile, permission } = meant;
  return { profile, permission, denied: 'problem' in meant ? meant.problem : undefined };
}
