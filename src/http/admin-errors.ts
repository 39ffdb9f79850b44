import { asFlowError } from '../base/errors.ts';
import { quoted } from '../base/text.ts';
import { nearest } from '../base/words.ts';
import { Refusal } from '../ingress/errors.ts';

const TOKEN_PLACE = 'SECRETS_DIR/service/admin-token';

/** 421: the Host header names something that this listener is not, as a page that rebinds its name would. */
export function hostUnexpected(host: string | undefined): Refusal {
  return new Refusal(421, {
    code: 'host_unexpected',
    message: `The request is for the host ${quoted(host ?? '', 100)}, which is none of this listener's names.`,
    hint: 'Use the address in ADMIN_HOST, or localhost where that is a loopback address, or set PUBLIC_URL to the name it is reached by.',
  });
}

/** 401: nothing, or nothing that is a bearer, in the Authorization header. */
export function loginMissing(): Refusal {
  return new Refusal(
    401,
    {
      code: 'login_missing',
      message: 'The request carries no login.',
      hint: `Send the header "Authorization: Bearer <token>", with the token that lies in ${TOKEN_PLACE}.`,
    },
    { 'www-authenticate': 'Bearer realm="github-flows"' },
  );
}

/** 401: a bearer, but not the admin's. */
export function loginWrong(): Refusal {
  return new Refusal(
    401,
    {
      code: 'login_wrong',
      message: 'The token is not the one that this service made.',
      hint: `Read it again from ${TOKEN_PLACE}; remove that file and restart the service to have a new one made.`,
    },
    { 'www-authenticate': 'Bearer realm="github-flows", error="invalid_token"' },
  );
}

/** 429: too many wrong tokens from one address. */
export function loginTooOften(retryAfterSec: number): Refusal {
  return new Refusal(
    429,
    {
      code: 'login_too_often',
      message: 'Too many wrong tokens came from this address, so none is looked at for a moment.',
      hint: `Wait ${retryAfterSec} seconds, then send the token that lies in ${TOKEN_PLACE}.`,
    },
    { 'retry-after': String(retryAfterSec) },
  );
}

/** 400: a body that is no JSON object, or a field in it or in the query that is not as it should be. */
export function requestInvalid(what: string, wanted: string): Refusal {
  return new Refusal(400, {
    code: 'request_invalid',
    message: `${what} is not ${wanted}.`,
    hint: 'docs/operations.md lists what each request takes; correct it and send it again.',
  });
}

/** 400: a parameter of the query or a field of the body that a request does not take. */
export function parameterUnknown(what: string, name: string, known: readonly string[]): Refusal {
  const takes =
    known.length === 0
      ? 'it takes none there'
      : `the nearest that it takes is ${nearest(name.slice(0, 100), known)}`;
  return new Refusal(400, {
    code: 'request_unknown_parameter',
    message: `The request has no ${what} ${quoted(name)}; ${takes}.`,
    hint: 'Correct or leave it out; docs/operations.md lists what each request takes.',
  });
}

/** The HTTP status of errors by code; 500 for every other one that is no Refusal. */
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
  if (isBodyError(error))
    return requestInvalid('The body of the request', 'well-formed and of at most 100 kB');
  if (error instanceof URIError) return requestInvalid('The address of the request', 'well-formed');
  const issue = asFlowError(error);
  return new Refusal(STATUS[issue.code] ?? 500, { ...issue.toProblem(), blame: issue.blame, cause: error });
}

/** What express says of a body it cannot read: https://github.com/expressjs/body-parser#errors */
function isBodyError(error: unknown): boolean {
  return error instanceof Error && 'type' in error && 'status' in error && Number(error.status) < 500;
}
