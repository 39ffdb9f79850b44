import { ATTRIBUTES, type FlowEvent } from '../../events/event.ts';
import type { Candidate, CandidateResult, Profile } from '../profile.ts';
import { filterUncompiled } from './errors.ts';
import {
  createFilterCompiler,
  type Filter,
  type FilterAnswer,
  type FilterFacts,
  filterFacts,
} from './filter.ts';
import { createMatchIndex, type MatchIndex } from './match-index.ts';

/** Candidates made ready to be matched: in order of preference, indexed, their filters compiled. */
export type ProfileSet = {
  readonly candidates: readonly Candidate[];
  readonly index: MatchIndex;
  readonly filters: ReadonlyMap<string, Filter>;
};

/** A set of candidates, ordered: the most conditions first, then the path that sorts first. Throws `filter_invalid` for a filter that loading would have refused. */
export function createProfileSet(candidates: readonly Candidate[]): ProfileSet {
  const ordered = [...candidates].sort(
    (a, b) => countConditions(b) - countConditions(a) || comparePaths(a.profile.path, b.profile.path),
  );
  const compile = createFilterCompiler();
  const filters = new Map<string, Filter>();
  for (const { filter } of ordered) {
    if (filter === undefined || filters.has(filter)) continue;
    const compiled = compile(filter);
    if ('code' in compiled) throw filterUncompiled(compiled);
    filters.set(filter, compiled);
  }
  return { candidates: ordered, index: createMatchIndex(ordered), filters };
}

/** The candidate that an event starts: of those whose every condition holds, the first in the set's order. */
export function matchEvent(set: ProfileSet, event: FlowEvent): { winner: Candidate | undefined } {
  const check = rememberAnswers(set, event);
  for (const { candidate, filter } of set.index.find(event))
    if (!isUnwantedEdit(candidate, event) && check(filter).holds) return { winner: candidate };
  return { winner: undefined };
}

/** Compares every candidate with an event, in the set's order, and gives the first failed condition of each. Slower than `matchEvent`; it is for `explain`. */
export function explainMatch(set: ProfileSet, event: FlowEvent): CandidateResult[] {
  const check = rememberAnswers(set, event);
  return set.candidates.map((candidate) => {
    const failed = firstFailure(candidate, event, check);
    return {
      profile: candidate.profile.path,
      trigger: triggerOf(candidate),
      matched: failed === null,
      failed,
    };
  });
}

type FilterCheck = (filter: string | undefined) => FilterAnswer;

function firstFailure(candidate: Candidate, event: FlowEvent, check: FilterCheck): CandidateResult['failed'] {
  const { conditions, labels, filter } = candidate;
  const name = ATTRIBUTES.find(
    (each) => conditions[each] !== undefined && conditions[each] !== event.attributes[each],
  );
  if (name) return { condition: name, wanted: conditions[name], actual: event.attributes[name] };
  if (isUnwantedEdit(candidate, event))
    return { condition: 'action', wanted: 'any but edited', actual: 'edited' };
  if (labels?.some((label) => !event.labels.includes(label)))
    return { condition: 'labels', wanted: labels, actual: event.labels };
  const { holds, why } = check(filter);
  return holds ? null : { condition: 'filter', wanted: filter, actual: why ?? false };
}

/** Events about a text that can be edited later. An `edited` event starts only profiles that name this action. */
export const WRITTEN: ReadonlySet<string> = new Set([
  'commit_comment',
  'discussion',
  'discussion_comment',
  'issue_comment',
  'issues',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
]);

/** The first version of a text is the request; an edit starts only profiles that name the action `edited`. */
function isUnwantedEdit({ conditions, filter }: Candidate, event: FlowEvent): boolean {
  if (event.action !== 'edited' || !WRITTEN.has(event.name)) return false;
  return conditions.action === undefined && !filter?.includes('action');
}

/** Evaluates each filter once for an event, however many candidates share it. A missing filter matches. */
function rememberAnswers(set: ProfileSet, event: FlowEvent): FilterCheck {
  const answers = new Map<string, FilterAnswer>();
  let facts: FilterFacts | undefined;
  return (filter) => {
    if (filter === undefined) return { holds: true, why: null };
    facts ??= filterFacts(event);
    const answer = answers.get(filter) ?? set.filters.get(filter)?.(facts) ?? { holds: false, why: null };
    answers.set(filter, answer);
    return answer;
  };
}

function countConditions({ conditions, labels, filter }: Candidate): number {
  return Object.keys(conditions).length + (labels ? 1 : 0) + (filter === undefined ? 0 : 1);
}

function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function triggerOf({ conditions, labels, filter }: Candidate): CandidateResult['trigger'] {
  return { ...conditions, ...(labels && { labels }), ...(filter !== undefined && { filter }) };
}

/** Repositories that triggers name, each with the first such profile, whose credential is used for requests about it. */
export function namedRepositories({ candidates }: ProfileSet): Map<string, Profile> {
  const found = new Map<string, Profile>();
  for (const { conditions, profile } of candidates) {
    const { repository } = conditions;
    if (typeof repository !== 'string' || !/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/.test(repository)) continue;
    if (!found.has(repository)) found.set(repository, profile);
  }
  return found;
}
