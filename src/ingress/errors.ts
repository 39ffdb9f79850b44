import { type Blame, FlowError, type Problem } from '../base/errors.ts';
import { quoted } from '../base/text.ts';

/** A request that is not accepted: the HTTP status it gets, and when to come again (seconds) where that helps. */
export class Refusal extends FlowError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    problem: Problem & { blame?: Blame; cause?: unknown },
    headers: Record<string, string> = {},
  ) {
    super({ blame: 'sender', ...problem });
    this.status = status;
    this.headers = headers;
  }
}

const WEBHOOK_SETTINGS = "the webhook's settings on GitHub (repository, Settings, Webhooks)";

/** 415: a body that is not declared as JSON; the hint names what to change in hooks made with GitHub's default. */
export function contentTypeUnsupported(contentType: string | undefined): Refusal {
  const form = contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded');
  return new Refusal(415, {
    code: 'content_type_unsupported',
    message: form
      ? 'The hook sends its payload as a form (application/x-www-form-urlencoded).'
      : `The Content-Type is ${orMissing(contentType)}, not application/json.`,
    hint: `In ${WEBHOOK_SETTINGS}, change "Content type" to application/json and save.`,
  });
}

/** 415: the signature is over the bytes as GitHub made them, which are never compressed. */
export function contentEncodingUnsupported(encoding: string): Refusal {
  return new Refusal(415, {
    code: 'content_encoding_unsupported',
    message: `The Content-Encoding is ${orMissing(encoding)}; only a body that is not encoded is accepted.`,
    hint: 'Send the body as it is; if a proxy in between compresses requests, turn that off.',
  });
}

/** 400: a header that every delivery of GitHub carries is not there. */
export function headerMissing(name: string): Refusal {
  return new Refusal(400, {
    code: 'header_missing',
    message: `The request has no ${name} header.`,
    hint: `GitHub always sends ${name}: see that no proxy in between removes it, or send it yourself.`,
  });
}

/** 400: a header that GitHub would not write so. */
export function headerInvalid(name: string, rule: string): Refusal {
  return new Refusal(400, {
    code: 'header_invalid',
    message: `The ${name} header is not ${rule}.`,
    hint: `Send one ${name} header as GitHub writes it: ${rule}.`,
  });
}

/** 400: a body that is no text, so that nothing signed it as GitHub does. */
export function bodyNotUtf8(): Refusal {
  return new Refusal(400, {
    code: 'body_not_utf8',
    message: 'The body is not valid UTF-8, which every delivery of GitHub is.',
    hint: 'See that no proxy in between changes the body, or send it as UTF-8 yourself.',
  });
}

/** 401: nothing to check the body against. */
export function signatureMissing(): Refusal {
  return new Refusal(401, {
    code: 'signature_missing',
    message: 'The request has no X-Hub-Signature-256 header, so nobody knows who sent it.',
    hint: `In ${WEBHOOK_SETTINGS}, set "Secret" to the value of WEBHOOK_SECRET and save.`,
  });
}

/** 401: the body was not signed with a secret of this service, or was changed on the way. */
export function signatureWrong(): Refusal {
  return new Refusal(401, {
    code: 'signature_wrong',
    message: 'The X-Hub-Signature-256 header does not belong to this body under any secret of this service.',
    hint: `In ${WEBHOOK_SETTINGS}, set "Secret" to the value of WEBHOOK_SECRET and save; if it is, see that no proxy in between changes the body.`,
  });
}

/** 403: signed with the secret of an App that does not serve what the event is about. */
export function signerNotAllowed(app: string, what: string): Refusal {
  return new Refusal(403, {
    code: 'signer_not_allowed',
    message: `The body is signed with the webhook secret of the App ${app}, which does not serve ${what}.`,
    hint: 'An App brings only what happens in its own installations and below its URL pattern; `github-flows app list` shows both. Sign other deliveries with WEBHOOK_SECRET.',
  });
}

/** 403: of another GitHub than the one that the service works with. */
export function hostNotServed(host: string, served: readonly string[]): Refusal {
  return new Refusal(403, {
    code: 'host_not_served',
    message: `The event is about a repository on ${orMissing(host)}; this service works with ${served.join(' and ')}.`,
    hint: 'Remove this webhook from the other server, or run a service of its own for it; GITHUB_SERVER_URL and GITHUB_API_URL say which server is served.',
  });
}

/** 413: more than GitHub ever sends. */
export function bodyTooLarge(limitBytes: number): Refusal {
  return new Refusal(413, {
    code: 'body_too_large',
    message: `The body is larger than ${limitBytes} bytes.`,
    hint: 'Send at most that much; GitHub itself never delivers more than 25 MB.',
  });
}

/** 408: the body did not arrive in time. */
export function bodyTooSlow(limitMs: number): Refusal {
  return new Refusal(408, {
    code: 'body_too_slow',
    message: `The body was not complete ${limitMs / 1000} seconds after its headers.`,
    hint: 'Deliver it again over a faster connection.',
  });
}

/** The sender went away in the middle of the body; nobody is left to read this, but the log. */
export function bodyIncomplete(): Refusal {
  return new Refusal(400, {
    code: 'body_incomplete',
    message: 'The connection ended in the middle of the body.',
    hint: 'Deliver it again.',
  });
}

/** 503: bodies in flight fill all the memory they may. */
export function serviceBusy(limitBytes: number): Refusal {
  return new Refusal(
    503,
    {
      code: 'service_busy',
      blame: 'service',
      message: `Requests in flight hold ${limitBytes} bytes already, which is all they may.`,
      hint: 'Deliver it again after the seconds in Retry-After.',
    },
    { 'retry-after': '5' },
  );
}

/** 503: what is left of the disk is kept for what was accepted already. */
export function storageReserved(): Refusal {
  return new Refusal(
    503,
    {
      code: 'disk_too_full',
      blame: 'operator',
      message: 'The disk of the service is too full to accept anything.',
      hint: 'Make room on it (the admin listener says on /readyz which disk it is); deliveries are accepted again within a second, and GitHub redelivers those missed.',
    },
    { 'retry-after': '60' },
  );
}

/** 503: it was fine, but it could not be written down. */
export function deliveryNotStored(cause: unknown): Refusal {
  return new Refusal(
    503,
    {
      code: 'delivery_not_stored',
      blame: 'operator',
      message: 'The delivery could not be stored, so it was not accepted.',
      hint: "See the service's log for the cause, fix it, and deliver again from GitHub's list of recent deliveries.",
      cause,
    },
    { 'retry-after': '30' },
  );
}

function orMissing(value: string | undefined): string {
  return value === undefined ? 'missing' : quoted(value);
}
