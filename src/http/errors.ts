import { FlowError, systemCode } from '../base/errors.ts';
import { quoted } from '../base/text.ts';
import { Refusal } from '../ingress/errors.ts';

/** 404: the listener has nothing under this method and path; `hint` names what it has. */
export function pathNotFound(method: string, path: string, hint: string): Refusal {
  return new Refusal(404, {
    code: 'path_not_found',
    message: `This listener has no ${method.slice(0, 20)} ${quoted(path)}.`,
    hint,
  });
}

/** 405: the path takes the method `allow` alone. */
export function methodNotAllowed(method: string, allow: 'GET' | 'POST'): Refusal {
  return new Refusal(
    405,
    {
      code: 'method_not_allowed',
      message: `${method} is not possible here.`,
      hint: `Send the request with ${allow}.`,
    },
    { allow },
  );
}

/** 400: not HTTP, or not all of it. */
export function malformedRequest(): Refusal {
  return new Refusal(400, {
    code: 'malformed_request',
    message: 'The request is not well-formed HTTP/1.1.',
    hint: 'See what stands between GitHub and this port; TLS, for one, ends at the proxy in front.',
  });
}

/** 408: the headers did not arrive in time. */
export function headersTooSlow(): Refusal {
  return new Refusal(408, {
    code: 'headers_too_slow',
    message: 'The request did not arrive in time.',
    hint: 'Deliver it again over a faster connection.',
  });
}

/** 431: more headers than a delivery ever has. */
export function headersTooLarge(): Refusal {
  return new Refusal(431, {
    code: 'headers_too_large',
    message: 'The headers of the request are larger than 16 KiB.',
    hint: 'Send fewer; see whether a proxy in between adds some.',
  });
}

/** A listener could not open its port; `option` is the setting that names it. */
export function listenFailed(
  { host, port, option }: { host: string; port: number; option: string },
  cause: unknown,
): FlowError {
  const inUse = systemCode(cause) === 'EADDRINUSE';
  return new FlowError({
    code: 'listen_failed',
    blame: 'operator',
    message: inUse
      ? `Another process listens on ${host} port ${port} already, which ${option} names.`
      : `The service cannot listen on ${host} port ${port} (${systemCode(cause) ?? String(cause)}).`,
    hint: inUse
      ? `Stop it (\`ss -ltnp 'sport = :${port}'\` names it), or choose another port in ${option}.`
      : `Choose an address of this machine in ${option.replace('PORT', 'HOST')}, and a port above 1023 in ${option}.`,
    cause,
  });
}
