import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';

/** How long one address is tried before the next one is tried beside it: https://www.rfc-editor.org/rfc/rfc8305#section-5 allows up to 2 s. */
const NEXT_ADDRESS_MS = 500;

const KEEP_ALIVE_MS = 60_000;

/** How long connecting may take, in milliseconds of `clock`, and what calls it off; the signal destroys the socket later, too. */
export type DialOptions = { clock: Clock; connectMs: number; signal: AbortSignal };

/** Connects to the first of `addresses` that answers. `host` is never looked up again. Rejects with the system's error. */
export async function dial(
  target: { host: string; port: number; addresses: readonly string[] },
  { clock, connectMs, signal }: DialOptions,
): Promise<Socket> {
  const socket = connect({
    host: target.host,
    port: target.port,
    lookup: pinned(target.addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    signal,
  });
  socket.on('error', () => {});
  const timer = clock.after(connectMs, () => socket.destroy(late()));
  try {
    await once(socket, 'connect');
    return socket;
  } finally {
    timer.stop();
  }
}

/** A resolver that knows one answer. */
function pinned(addresses: readonly string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, _options, callback) => callback(null, answers);
}

function late(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}

/**
 * Connects to `host:port` through the proxy of the host's own network, by CONNECT; its URL may hold a user and a
 * password. Finding the address, and refusing private ones, is then that proxy's.
 */
export async function dialThrough(
  proxy: URL,
  target: { host: string; port: number },
  { clock, connectMs, signal }: DialOptions,
): Promise<Socket> {
  const request = connectRequest(proxy, `${target.host}:${target.port}`, signal);
  request.on('error', () => {});
  const timer = clock.after(connectMs, () => request.destroy(late()));
  try {
    request.end();
    const [answer, socket, head] = (await once(request, 'connect')) as [IncomingMessage, Socket, Buffer];
    socket.on('error', () => {});
    if (answer.statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      return socket;
    }
    socket.destroy();
    throw Object.assign(new Error('refused'), { code: `the proxy said ${answer.statusCode}` });
  } finally {
    timer.stop();
  }
}

function connectRequest(proxy: URL, target: string, signal: AbortSignal): ClientRequest {
  const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return send(proxy, {
    method: 'CONNECT',
    path: target,
    agent: false,
    signal,
    headers: {
      host: target,
      ...(login === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
    },
  });
}
