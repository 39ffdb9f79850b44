import { FlowError } from '../base/errors.ts';
import { quoted } from '../base/text.ts';

/** No such run. */
export function runUnknown(id: string): FlowError {
  return new FlowError({
    code: 'run_unknown',
    blame: 'operator',
    message: `There is no run ${quoted(id, 80)}.`,
    hint: 'See the ids with: github-flows runs list',
  });
}

/** No such worker. */
export function workerUnknown(id: string): FlowError {
  return new FlowError({
    code: 'worker_unknown',
    blame: 'operator',
    message: `There is no worker ${quoted(id, 80)}.`,
    hint: 'See the ids with: github-flows workers list',
  });
}

/** A cancel of a run that is over. */
export function runAlreadyEnded(id: string, message: string): FlowError {
  return new FlowError({
    code: 'run_already_ended',
    blame: 'operator',
    message,
    hint: `There is nothing left to cancel. See how it ended: github-flows runs show ${id}`,
  });
}

/** A retry of a run that is not over yet. */
export function runNotEnded(id: string): FlowError {
  return new FlowError({
    code: 'run_not_ended',
    blame: 'operator',
    message: `Run ${id} has not ended yet, so it cannot be retried.`,
    hint: `Wait for its end, or cancel it first: /cancel in a comment, or github-flows runs cancel ${id}`,
  });
}

/** A run has no attempt of this number. */
export function attemptUnknown(asked: string, attempts: number): FlowError {
  const numbers = attempts === 1 ? 'there is only attempt 1' : `its attempts are 1 to ${attempts}`;
  return new FlowError({
    code: 'attempt_unknown',
    blame: 'operator',
    message: `The run has no attempt ${quoted(asked, 20)}; ${attempts === 0 ? 'it has not begun one yet' : numbers}.`,
    hint: 'Ask for one of these, or for none in particular: without a number the last one is shown.',
  });
}
