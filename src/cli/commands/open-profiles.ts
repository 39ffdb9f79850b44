import { counted } from '../../base/words.ts';
import type { Config } from '../../config/config.ts';
import { dayBudgets } from '../../flow/admission/limits.ts';
import type { Budget, Profile } from '../../profiles/profile.ts';
import { plain } from '../terminal/output.ts';

/** A sentence for each profile that everybody may start: by which budgets of a day it is held. */
export function openProfileNotes(profiles: readonly Profile[], config: Config): string[] {
  return profiles
    .filter(({ allow }) => allow.permission === 'any')
    .map((profile) => {
      const { actor, repository, profile: own } = dayBudgets(config.admission, profile, true);
      const words = [
        budgetWords(actor, 'for each person'),
        budgetWords(repository, 'for each repository'),
        budgetWords(own, 'for the profile'),
      ].flatMap((each) => each ?? []);
      return `${plain(profile.path)} is open to everybody ("permission": "any"). A day has at most ${words.join(', ')}.`;
    });
}

function budgetWords({ runs, minutes }: Budget, whose: string): string | undefined {
  const parts = [
    ...(runs === undefined ? [] : [counted(runs, 'run')]),
    ...(minutes === undefined ? [] : [counted(minutes, 'minute')]),
  ];
  return parts.length === 0 ? undefined : `${parts.join(' and ')} ${whose}`;
}
