import { FlowError } from '../base/errors.ts';

/** Git could not make a bundle of what the agent left: its repository is broken, gone, or not what it was. */
export function changesUnreadable(detail: string): FlowError {
  return new FlowError({
    code: 'changes_unreadable',
    blame: 'agent',
    message: `The agent’s commits could not be read from its repository: ${detail}.`,
    hint: 'See what the agent did to .git (github-flows runs logs); the workspace of a failed run is kept for a while.',
  });
}

/** What came out of the container is no bundle of this run's commits, or its objects are not sound. */
export function changesInvalid(detail: string): FlowError {
  return new FlowError({
    code: 'changes_invalid',
    blame: 'agent',
    message: `The agent’s commits were not kept, because they did not pass the check: ${detail}.`,
    hint: 'Objects must be what git itself would write, on top of the commit that the run began with; let the agent commit with git.',
  });
}

/** More bytes, objects, memory or time than an agent's commits may take. */
export function changesTooLarge(what: string): FlowError {
  return new FlowError({
    code: 'changes_too_large',
    blame: 'agent',
    message: `The agent’s commits were not kept: ${what}.`,
    hint: 'Let the agent commit sources only, not what builds and downloads leave behind (.gitignore).',
  });
}
