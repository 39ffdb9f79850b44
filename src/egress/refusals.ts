import { quoted } from '../base/text.ts';
import { type AllowList, describeList } from './allow-list.ts';

/**
 * Why a request of a run got no further: a code of docs/errors.md, a sentence, and the HTTP status where one can still
 * be sent. `alert` means that the client speaks TLS by now and gets a TLS alert.
 */
export type EgressRefusal = { reason: string; message: string; status: number; alert?: true };

/** 403: the host is not on the list. */
export function notListed(host: string, port: number, list: AllowList): EgressRefusal {
  return {
    reason: 'egress_not_listed',
    status: 403,
    message: `${host}:${port} is not on this run's allow list. It may reach ${describeList(list)}.`,
  };
}

/** 403: an address instead of a name. */
export function addressAsked(target: string): EgressRefusal {
  return {
    reason: 'egress_address_asked',
    status: 403,
    message: `${quoted(target, 255)} is an address; runs reach servers by their names only.`,
  };
}

/** 405: anything but CONNECT. */
export function plainHttp(list: AllowList): EgressRefusal {
  return {
    reason: 'egress_plain_http',
    status: 405,
    message: `Only HTTPS leaves this run, by CONNECT. It may reach ${describeList(list)}.`,
  };
}

/** 400, 408 or 431: no whole CONNECT request. */
export function malformedConnect(status: number, why: string): EgressRefusal {
  return { reason: 'egress_request_malformed', status, message: `This is no CONNECT request: ${why}.` };
}

/** 502: the name has no address. */
export function nameUnknown(host: string, detail: string): EgressRefusal {
  return {
    reason: 'egress_name_unknown',
    status: 502,
    message: `No address was found for ${host} (${detail}).`,
  };
}

/** 403: the name leads to this machine, its network or a metadata service. */
export function addressPrivate(host: string, port: number, address: string): EgressRefusal {
  return {
    reason: 'egress_address_private',
    status: 403,
    message: `${host} leads to ${quoted(address, 255)}, which is this machine, its own network or otherwise not the internet; the admin's policy would have to name ${host}:${port}.`,
  };
}

/** 502: nobody answers there. */
export function hostUnreachable(host: string, port: number, detail: string): EgressRefusal {
  return {
    reason: 'egress_host_unreachable',
    status: 502,
    message: `${host}:${port} could not be reached (${detail}).`,
  };
}

/** 503: as many connections at once as a run may have. */
export function tooManyConnections(most: number): EgressRefusal {
  return {
    reason: 'egress_too_many_connections',
    status: 503,
    message: `This run has ${most} connections open already, which is all it may have at once.`,
  };
}

/** 403, or the end of a connection: the run has sent and received as much as it may. */
export function bytesSpent(most: number): EgressRefusal {
  return {
    reason: 'egress_byte_limit',
    status: 403,
    message: `This run has sent and received ${most} bytes, which is all it may.`,
  };
}

/** What was sent is not the beginning of TLS. */
export function notTls(host: string): EgressRefusal {
  return {
    reason: 'egress_not_tls',
    status: 400,
    message: `What was sent to ${host} does not begin with a ClientHello of TLS; nothing else may leave this run.`,
  };
}

/** TLS to another server than the one of the CONNECT request. */
export function nameDiffers(host: string, serverName: string): EgressRefusal {
  return {
    reason: 'egress_name_differs',
    status: 403,
    alert: true,
    message: `A connection to ${host} was requested, but TLS names the server ${quoted(serverName, 255)}.`,
  };
}

/** TLS that does not say to which server. */
export function nameMissing(host: string): EgressRefusal {
  return {
    reason: 'egress_name_missing',
    status: 403,
    alert: true,
    message: `TLS to ${host} does not name the server (the extension server_name is missing).`,
  };
}

/** TLS that may name another server where nobody can see it. */
export function nameHidden(host: string): EgressRefusal {
  return {
    reason: 'egress_name_hidden',
    status: 403,
    alert: true,
    message: `TLS to ${host} carries an encrypted ClientHello, which may name another server.`,
  };
}

/** The ClientHello did not come in time. */
export function handshakeSlow(host: string): EgressRefusal {
  return {
    reason: 'egress_handshake_slow',
    status: 408,
    message: `The ClientHello for ${host} did not come in time.`,
  };
}

/** Why a connection that was granted ended, where it was not one of its two sides that closed it. */
export type EgressEnd = Pick<EgressRefusal, 'reason' | 'message'>;

/** Nothing was sent either way for too long. */
export function connectionIdle(host: string): EgressEnd {
  return { reason: 'egress_idle', message: `The connection to ${host} was silent for too long.` };
}

/** One side broke off. */
export function connectionBroken(host: string, detail: string): EgressEnd {
  return { reason: 'egress_connection_broken', message: `The connection to ${host} broke (${detail}).` };
}

/** The run is over, or the service stops. */
export function proxyClosed(): EgressEnd {
  return { reason: 'egress_closed', message: "The connection was open when the run's proxy closed." };
}
