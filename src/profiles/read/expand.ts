import { ATTRIBUTES, type AttributeName, type Scalar } from '../../events/event.ts';
import type { Candidate, Profile, Trigger } from '../profile.ts';

/** The most candidates that one profile may have. */
export const MAX_CANDIDATES = 10_000;

/** How many candidates a trigger has: its lists, each value counted once, multiplied. */
export function countCandidates(trigger: Trigger): number {
  return conditionLists(trigger).reduce((count, [, values]) => count * values.length, 1);
}

/** A profile once for every combination of the values in its trigger's lists; none when a list is empty. */
export function expandProfile(profile: Profile): Candidate[] {
  const { labels, filter } = profile.trigger;
  let combinations: [AttributeName, Scalar][][] = [[]];
  for (const [name, values] of conditionLists(profile.trigger))
    combinations = combinations.flatMap((known) =>
      values.map((value): [AttributeName, Scalar][] => [...known, [name, value]]),
    );
  return combinations.map((conditions) => ({
    profile,
    conditions: Object.fromEntries(conditions),
    labels: labels && [...new Set(labels)],
    filter,
  }));
}

function conditionLists(trigger: Trigger): [AttributeName, Scalar[]][] {
  return ATTRIBUTES.flatMap((name) => {
    const written = trigger[name];
    return written === undefined ? [] : [[name, [...new Set([written].flat())]] as [AttributeName, Scalar[]]];
  });
}
