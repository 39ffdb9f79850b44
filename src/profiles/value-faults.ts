import type { Fault } from '../base/errors.ts';
import { jsonPointer } from '../base/json.ts';
import { show } from './faults.ts';

/** A key that no profile has where it stands. */
export function unknownKey(file: string, path: string, key: string, advice: string): Fault {
  return {
    code: 'profile_unknown_key',
    file,
    path,
    message: `${show(key)} in ${file} is not a key that a profile has there; ${advice}.`,
    hint: 'Correct or remove it. docs/profiles.md lists every key that works.',
  };
}

/** A value of the wrong type or form; `what` completes the sentence that begins with where it is. */
export function wrongValue(file: string, path: string, what: string, wanted = 'see docs/profiles.md'): Fault {
  return {
    code: 'profile_wrong_value',
    file,
    path,
    message: `${path === '' ? 'The whole document' : path} in ${file} ${what}.`,
    hint: `What belongs there: ${wanted.replace(/\.$/, '')}.`,
  };
}

/** A wildcard among the bots. */
export function anyBot(file: string, path: string, value: unknown): Fault {
  return {
    code: 'allow_any_bot',
    file,
    path,
    message: `${path} in ${file} is ${show(value)}, but bots are admitted by their exact login only: anyone can make a bot.`,
    hint: 'Name each bot as GitHub writes it, for example "dependabot[bot]".',
  };
}

/** A trigger whose lists multiply to more than a profile may have. */
export function tooManyCandidates(file: string, count: number, limit: number): Fault {
  return {
    code: 'profile_too_many_candidates',
    file,
    path: '/trigger',
    message: `The lists of the trigger in ${file} multiply to ${count} combinations, and ${limit} are the limit.`,
    hint: 'Shorten the lists, leave out the conditions that need no list, or split the profile into several folders.',
  };
}

/** A variable that is both required and optional. */
export function variableTwice(file: string, path: string, name: string): Fault {
  return {
    code: 'prompt_variable_twice',
    file,
    path,
    message: `The prompt variable ${name} in ${file} is both required and optional.`,
    hint: 'Remove it from one of the two.',
  };
}

/** A variable that reads an attribute which no event has. */
export function attributeUnknown(file: string, path: string, value: string, known: string): Fault {
  return {
    code: 'prompt_attribute_unknown',
    file,
    path,
    message: `The path ${show(value)} in ${file} names an attribute that no event has; the nearest is ${known}.`,
    hint: 'Correct the path. docs/profiles.md lists the attributes.',
  };
}

/** A variable that reads something of the workspace or the run that neither has. */
export function pathUnknown(file: string, path: string, value: string, known: string): Fault {
  return {
    code: 'prompt_path_unknown',
    file,
    path,
    message: `The path ${show(value)} in ${file} names nothing that a run has; the nearest is ${known}.`,
    hint: 'Correct the path. docs/profiles.md lists the paths below workspace and run.',
  };
}

/** A runtime key and a flag in dockerArgs that say two different things; `own` and `flag` are those things in words. */
export function contradiction(file: string, key: readonly string[], own: string, flag: string): Fault {
  const path = jsonPointer('execution', 'runtime', ...key);
  return {
    code: 'docker_args_contradict',
    file,
    path,
    message: `${path} says ${own}, and a flag in dockerArgs of the same profile says ${flag}.`,
    hint: 'Remove one of the two; the key of the runtime is the plainer place.',
  };
}

/** An agent that nobody tells what to do. */
export function promptNotNamed(file: string): Fault {
  return {
    code: 'prompt_not_named',
    file,
    path: '/execution/handler/promptRef',
    message: `The handler in ${file} is an agent, but it has no promptRef.`,
    hint: 'Set execution.handler.promptRef to the prompt file, or make the handler a "shell".',
  };
}
