import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { within } from '../../base/cancel.ts';
import { systemCode } from '../../base/errors.ts';
import { addressPrivate, type EgressRefusal, hostUnreachable, nameUnknown } from '../refusals.ts';
import { isPublicAddress } from './addresses.ts';
import { type DialOptions, dial, dialThrough } from './dial.ts';
import type { Resolve } from './resolve.ts';

/** Where runs are let out, beyond their own lists. */
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

/** This machine answers on its public addresses, too. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
}
