import { asFlowError } from '../base/errors.ts';
import { Refusal } from '../ingress/errors.ts';
import { requestInvalid } from './admin-errors.ts';

/** The HTTP status of faults that the parts behind the API know, by code; 500 for every other that is not a refusal. */
const STATUS: Readonly<Record<string, number>> = {
  run_unknown: 404,
  delivery_unknown: 404,
  worker_unknown: 404,
  run_already_ended: 409,
  run_not_ended: 409,
  form_not_ours: 403,
  attempt_unknown: 404,
  page_unknown: 404,
  delivery_has_run: 409,
  delivery_body_gone: 410,
  database_busy: 503,
  database_unavailable: 503,
};

/** Any thrown value as what the caller is answered. */
export function withStatus(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isBodyFault(error))
    return requestInvalid('The body of the request', 'well-formed and of at most 100 kB');
  if (error instanceof URIError) return requestInvalid('The address of the request', 'well-formed');
  const fault = asFlowError(error);
  return new Refusal(STATUS[fault.code] ?? 500, { ...fault.toProblem(), blame: fault.blame, cause: error });
}

/** What express says of a body it cannot read: https://github.com/expressjs/body-parser#errors */
function isBodyFault(error: unknown): boolean {
  return error instanceof Error && 'type' in error && 'status' in error && Number(error.status) < 500;
}
