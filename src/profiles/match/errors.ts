import { FlowError, type Problem } from '../../base/errors.ts';
import { show } from '../errors.ts';

/** A filter longer than is compiled. */
export function filterTooLong(length: number, limit: number): Problem {
  return {
    code: 'filter_too_long',
    message: `The filter is ${length} characters long, and ${limit} are the limit.`,
    hint: 'Use the other conditions of the trigger (lists of scalars, labels) for what they can say, or split the profile.',
  };
}

/** A filter that does not compile, or whose types do not fit. */
export function filterInvalid(source: string, detail: string, range: { start: number } | undefined): Problem {
  return {
    code: 'filter_invalid',
    message: `The filter ${show(source)} does not compile${range ? ` at character ${range.start + 1}` : ''}: ${detail}.`,
    hint: 'Correct the expression: CEL over `event` and `attributes` that gives true or false. docs/profiles.md has examples.',
  };
}

/** A filter that compiles but can run for minutes. */
export function filterRefused(source: string, what: string): Problem {
  return {
    code: 'filter_refused',
    message: `The filter ${show(source)} uses ${what}, which can run for minutes on text that an outside user wrote.`,
    hint: 'Use startsWith, endsWith, contains and == instead of matches, and one macro at a time.',
  };
}

/** A filter that reached matching although it does not compile: the set did not come from loading. */
export function filterUncompiled(problem: Problem): FlowError {
  return new FlowError({ ...problem, blame: 'profile' });
}
