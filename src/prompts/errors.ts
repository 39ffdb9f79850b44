import { FlowError, type Problem } from '../base/errors.ts';
import { cutText } from '../base/text.ts';
import { nearMiss } from '../base/words.ts';
import { MAX_BLOCKS, MAX_TEMPLATE_CHARACTERS, MAX_VARIABLE_USES } from './limits.ts';

/** A problem of a template as the error that stops a run. */
export function templateError(problem: Problem): FlowError {
  return new FlowError({ ...problem, blame: 'profile' });
}

const SHOWN_CHARACTERS = 300;

/** Text that Handlebars cannot read; its own message names the line. */
export function syntaxProblem(error: unknown): Problem {
  return {
    code: 'prompt_syntax',
    message: `The prompt is not valid Handlebars: ${cutText(error instanceof Error ? error.message : String(error), SHOWN_CHARACTERS)}`,
    hint: 'Correct the expression; write \\{{ for two braces that are meant as text.',
  };
}

/** A name that is no prompt variable. */
export function unknownName(name: string, line: number, names: readonly string[]): Problem {
  const near = nearMiss(cutText(name, SHOWN_CHARACTERS), names);
  return {
    code: 'prompt_unknown_name',
    message: `Line ${line} of the prompt uses ${cutText(name, SHOWN_CHARACTERS)}, which is no prompt variable. ${known(names)}`,
    hint: near
      ? `Write ${near} instead, or add the name to promptVariables.`
      : 'Add a name with this path to promptVariables and use that name, or write one of the known names.',
  };
}

/** A helper that is not there. */
export function unknownHelper(name: string, line: number): Problem {
  return {
    code: 'prompt_unknown_helper',
    message: `Line ${line} of the prompt uses the helper ${cutText(name, SHOWN_CHARACTERS)}. Known are untrusted, if and unless.`,
    hint: 'Write {{NAME}}, {{untrusted NAME}}, or {{#if NAME}}…{{else}}…{{/if}} with the name of a prompt variable.',
  };
}

/** Handlebars that a prompt has no use for; `what` is a noun with its article. */
export function notAllowed(what: string, line: number): Problem {
  return {
    code: 'prompt_not_allowed',
    message: `Line ${line} of the prompt has ${what}, which prompts cannot use.`,
    hint: 'Write {{NAME}}, {{untrusted NAME}}, {{#if NAME}} or {{#unless NAME}}, each with one name and nothing else.',
  };
}

/** A template that leaves no room for its variables. */
export function tooLong(): Problem {
  return {
    code: 'prompt_too_long',
    message: `The prompt has more than ${MAX_TEMPLATE_CHARACTERS} characters or ${MAX_BLOCKS} blocks, or uses variables more than ${MAX_VARIABLE_USES} times.`,
    hint: 'Shorten it; long instructions belong into a file of the repository or the image that the agent reads.',
  };
}

/** A required variable whose path leads to no single value; `found` completes the sentence about the place where it ends. */
export function variableMissing(
  { name, path }: { name: string; path: string },
  end: string,
  found: string,
): FlowError {
  return new FlowError({
    code: 'prompt_variable_missing',
    blame: 'profile',
    message: `The prompt variable ${name} needs one value at ${path}, but ${end} ${found}.`,
    hint: `Give ${name} a path that every event of this trigger has, or make it optional with a default in promptVariables.optional.`,
  });
}

const MAX_NAMES = 50;

function known(names: readonly string[]): string {
  if (names.length === 0) return 'The profile has no promptVariables.';
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `Known are ${names.slice(0, MAX_NAMES).join(', ')}${more}.`;
}
