import { FlowError } from '../base/errors.ts';

/** Somebody cancelled the run. */
export function runCancelled(reason: string): FlowError {
  return new FlowError({
    code: 'run_cancelled',
    blame: 'sender',
    message: `The run was cancelled: ${reason.replace(/\.$/, '')}.`,
    hint: 'Start it again by the same comment when you want it after all.',
  });
}

/** Not an end of the run: the service stops, and the next start takes the run up where it is. */
export function serviceStopping(): FlowError {
  return new FlowError({
    code: 'service_stopping',
    blame: 'service',
    message: 'The service is stopping; the run goes on in its container.',
    hint: 'Start the service again: it resumes the run.',
  });
}

/** Another worker holds the run now, so this one stops its work on it. */
export function leaseLost(runId: string): FlowError {
  return new FlowError({
    code: 'lease_lost',
    blame: 'service',
    message: `Run ${runId} is no longer this worker's: its lease was taken over.`,
    hint: 'The run continues with its new worker. Check why this worker could not renew its lease: its log says whether the database answered.',
  });
}

/** The database did not take this worker's renewals, so another host could soon hold its runs: their containers are stopped before that. */
export function workerCutOff(): FlowError {
  return new FlowError({
    code: 'worker_cut_off',
    blame: 'service',
    message: 'The worker could not reach the database, so it stopped the container before its lease ended.',
    hint: 'See that the host reaches the database; start the run again (github-flows runs retry), or let the profile do so with "retry": { "on": "fault" }.',
  });
}

/** The host that the run was on is gone, and with it the only place where its container could be found. */
export function hostLost(): FlowError {
  return new FlowError({
    code: 'host_lost',
    blame: 'service',
    message:
      "The host that the run was started on did not come back before the run's deadline, so nobody knows how far the agent came.",
    hint: 'See what it printed (github-flows runs logs), bring its host back or see what became of it (github-flows workers list), and start the run again with github-flows runs retry.',
  });
}

/** The service ended again and again while it worked on this run, so it leaves it alone. */
export function runEndsService(): FlowError {
  return new FlowError({
    code: 'run_ends_service',
    blame: 'service',
    message:
      'The service ended several times while it worked on this run, so it was set aside; nothing of it was published.',
    hint: 'Look into the log of the service for what ended it (an error, or too little memory), fix that, and start the run again: github-flows runs retry.',
  });
}
