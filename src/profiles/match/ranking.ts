import { counted } from '../../base/words.ts';
import type { CandidateResult } from '../profile.ts';

/** One profile of those that match, in the order in which they are preferred; the first starts the run. */
export type RankedMatch = {
  rank: number;
  profile: string;
  /** The names of its conditions, all of which match. */
  conditions: string[];
  /** Why it stands before, or after, its neighbour. */
  why: string;
};

/** Every profile that matches, each once, in the order of the candidates that `explainMatch` gives. */
export function rankMatches(candidates: readonly CandidateResult[]): RankedMatch[] {
  const matches = candidates.filter(({ matched }) => matched);
  const best = matches.filter(
    ({ profile }, index) => matches.findIndex((other) => other.profile === profile) === index,
  );
  const ranked = best.map(({ profile, trigger }) => ({ profile, conditions: Object.keys(trigger) }));
  return ranked.map((match, index) => ({ rank: index + 1, ...match, why: whyThere(ranked, index) }));
}

type Match = Pick<RankedMatch, 'profile' | 'conditions'>;

/** Compares the first with the second, and every other one with the one before it. */
function whyThere(ranked: readonly Match[], index: number): string {
  const [own, other] = [ranked[index], ranked[index === 0 ? 1 : index - 1]];
  if (!own || !other) return 'it is the only profile that matches';
  const [mine, theirs] = [own.conditions.length, other.conditions.length];
  const count = counted(mine, 'condition');
  if (mine > theirs) return `${count}, more than ${other.profile}`;
  if (mine < theirs) return `${count}, fewer than ${other.profile}`;
  return `${count}, as many as ${other.profile}, and its path sorts ${index === 0 ? 'before' : 'after'} that one`;
}
