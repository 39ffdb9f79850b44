import { isSameLogin, listedLogin } from '../allow.ts';
import { show } from '../faults.ts';
import type { Profile } from '../profile.ts';
import { wantedBy } from './event-kinds.ts';
import { valueNever, type Warning } from './warning-faults.ts';

/** Warns of triggers that wait for a bot which `allow.bots` does not name: each of its events is refused. */
export function botWarnings({ trigger, allow }: Pick<Profile, 'trigger' | 'allow'>): Warning[] {
  const waiting = [
    ...wantedBy(trigger, 'actorLogin').flatMap(({ value, path }) =>
      typeof value === 'string' &&
      /\[bot\]$/i.test(value) &&
      !allow.bots.some((bot) => isSameLogin(listedLogin(bot), value))
        ? [{ name: 'actorLogin', value, path, bot: value }]
        : [],
    ),
    ...wantedBy(trigger, 'actorType').flatMap(({ value, path }) =>
      value === 'Bot' && allow.bots.length === 0
        ? [{ name: 'actorType', value, path, bot: 'dependabot[bot]' }]
        : [],
    ),
  ];
  return waiting.map(({ name, value, path, bot }) => ({
    ...valueNever(path, name, '', `Add the bot to the profile: "allow": {"bots": [${show(bot)}]}.`),
    message: `trigger.${name} is ${show(value)}, and allow.bots of the profile names no such bot, so that each of its events is refused.`,
  }));
}
