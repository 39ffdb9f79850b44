import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { systemCode } from '../../base/errors.ts';
import { addressPrivate, type EgressRefusal, hostUnreachable, nameUnknown } from '../refusals.ts';
import { isPublicAddress } from './addresses.ts';
import type { Resolve } from './resolve.ts';

/** How the hosts of the lists are reached. */
export type ReachOptions = DialOptions & {
  /** The policy's `host:port` words in lower case: these alone may lead to private addresses. */
  privateHosts: readonly string[];
  resolve: Resolve;
  /** The proxy of the host's own network; what the policy names is reached without it, and so is what `isDirect` says. */
  upstreamProxy?: URL;
  isDirect?: (host: string, port: number) => boolean;
  /** The addresses of this machine, as its interfaces have them unless set. */
  ownAddresses?: () => readonly string[];
};

/**
 * Connects to a host that the list allows, or says why not. The name is looked up once, every address it has is
 * judged, and only those are connected to, so an answer that changes afterwards changes nothing.
 */
export async function reach(
  options: ReachOptions,
  host: string,
  port: number,
): Promise<Socket | EgressRefusal> {
  const { upstreamProxy, isDirect, ownAddresses = interfaceAddresses } = options;
  const byPolicy = options.privateHosts.includes(`${host}:${port}`);
  try {
    if (upstreamProxy && !byPolicy && !isDirect?.(host, port))
      return await dialThrough(upstreamProxy, { host, port }, options);
    const addresses = await findAddresses(options, host, byPolicy);
    if ('reason' in addresses) return addresses;
    const own = ownAddresses();
    const isElsewhere = (address: string): boolean => isPublicAddress(address) && !own.includes(address);
    const wrong = byPolicy ? undefined : addresses.find((address) => !isElsewhere(address));
    if (wrong !== undefined) return addressPrivate(host, port, wrong);
    return await dial({ host, port, addresses }, options);
  } catch (error) {
    return hostUnreachable(host, port, systemCode(error) ?? 'it failed');
  }
}

async function findAddresses(
  { resolve, clock, connectMs, signal }: ReachOptions,
  host: string,
  byPolicy: boolean,
): Promise<readonly string[] | EgressRefusal> {
  try {
    const addresses = await within(clock, connectMs, resolve(host, byPolicy), signal);
    if (!addresses) return nameUnknown(host, 'no answer in time');
    return addresses.length > 0 ? addresses : nameUnknown(host, 'it has none');
  } catch (error) {
    return nameUnknown(host, systemCode(error) ?? 'it failed');
  }
}

/** All addresses of this machine: it also answers on its public ones. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
}

/** How long one address is tried before the next one is tried beside it: https://www.rfc-editor.org/rfc/rfc8305#section-5 allows up to 2 s. */
const NEXT_ADDRESS_MS = 500;

const KEEP_ALIVE_MS = 60_000;

/** How long connecting may take, in milliseconds of `clock`, and the signal that ends it; the signal destroys the socket later, too. */
type DialOptions = { clock: Clock; connectMs: number; signal: AbortSignal };

/** Connects to the first of `addresses` that answers. `host` is never looked up again. Rejects with the system's error. */
async function dial(
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
async function dialThrough(
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
    throw Object.assign(new Error('refused'), { code: `the proxy answered ${answer.statusCode}` });
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
