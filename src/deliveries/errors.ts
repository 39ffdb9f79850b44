import { isoTime } from '../base/clock.ts';
import { FlowError } from '../base/errors.ts';
import { quoted } from '../base/text.ts';

/** No such delivery. */
export function deliveryUnknown(id: string): FlowError {
  return new FlowError({
    code: 'delivery_unknown',
    blame: 'operator',
    message: `There is no delivery ${quoted(id, 80)}.`,
    hint: 'See the ids with: github-flows deliveries list',
  });
}

/** The body was removed at a time in milliseconds since 1970; the decision is still there. */
export function deliveryBodyGone(id: string, removedAt: number): FlowError {
  return new FlowError({
    code: 'delivery_body_gone',
    blame: 'operator',
    message: `The body of delivery ${id} was removed on ${isoTime(removedAt)?.slice(0, 10)}, as KEEP_BODIES_DAYS and KEEP_BODIES_BYTES ask.`,
    hint: 'Start the work anew on GitHub, with a new comment for one; raise these options to keep bodies for longer.',
  });
}

/** It became a run, and one delivery is never two. */
export function deliveryHasRun(id: string, runId: string): FlowError {
  return new FlowError({
    code: 'delivery_has_run',
    blame: 'operator',
    message: `Delivery ${id} became run ${runId}, and a delivery never becomes two.`,
    hint: `Retry that run with: github-flows runs retry ${runId}`,
  });
}
