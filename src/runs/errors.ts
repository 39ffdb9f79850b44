import { FlowError } from '../base/errors.ts';

/** A run was to be called off that is over. */
export function runAlreadyEnded(id: string, message: string): FlowError {
  return new FlowError({
    code: 'run_already_ended',
    blame: 'operator',
    message,
    mend: `There is nothing left to call off; see how it went with: github-flows runs show ${id}`,
  });
}

/** A run was to be tried again that is not over yet. */
export function runNotEnded(id: string): FlowError {
  return new FlowError({
    code: 'run_not_ended',
    blame: 'operator',
    message: `Run ${id} has not ended yet, so it cannot be tried again.`,
    mend: `Wait for it, or call it off first with: github-flows runs cancel ${id}`,
  });
}
