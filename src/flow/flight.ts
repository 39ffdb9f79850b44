import { type Cancellation, createCancellation } from '../base/cancel.ts';
import { FlowError } from '../base/errors.ts';

/** One run in a worker's hands: `cancellation` ends the run, `detach` only ends the work of this process on it. */
export type Flight = { cancellation: Cancellation; detach: Cancellation };

/** A flight that nobody has called off yet. */
export function createFlight(): Flight {
  return { cancellation: createCancellation(), detach: createCancellation() };
}

/** Aborts when either is called off. */
export function flightSignal(flight: Flight): AbortSignal {
  return AbortSignal.any([flight.cancellation.signal, flight.detach.signal]);
}

/** Why a run ends when somebody called it off. */
export function runCancelled(reason: string): FlowError {
  return new FlowError({
    code: 'run_cancelled',
    blame: 'sender',
    message: `The run was cancelled: ${reason}.`,
    mend: 'Start it again by the same comment when you want it after all.',
  });
}

/** Not an end of the run: the service stops, and the next start takes the run up where it is. */
export function serviceStopping(): FlowError {
  return new FlowError({
    code: 'service_stopping',
    blame: 'service',
    message: 'The service is stopping; the run goes on in its container.',
    mend: 'Start the service again: it takes the run up.',
  });
}

/** Another worker holds the run now, so this one stops its work on it. */
export function leaseLost(runId: string): FlowError {
  return new FlowError({
    code: 'lease_lost',
    blame: 'service',
    message: `Run ${runId} is no longer this worker's: its lease was taken over.`,
    mend: 'See that the clocks agree and that the database answers; the run goes on with its new worker.',
  });
}
