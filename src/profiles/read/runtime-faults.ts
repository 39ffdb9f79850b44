import type { Fault } from '../../base/errors.ts';
import { jsonPointer } from '../../base/json.ts';

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
