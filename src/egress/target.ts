import { type AllowList, isAllowed } from './allow-list.ts';
import { hostName, isAddress } from './host-name.ts';
import { splitPort } from './host-port.ts';
import { addressAsked, type EgressRefusal, malformedConnect, notListed } from './refusals.ts';

/** Where a request wants to go, and why it may not; `host` is empty and `port` 0 where that cannot be read. */
export type ConnectTarget = { host: string; port: number; refusal: EgressRefusal | undefined };

/** Reads what stands after the word CONNECT, and asks the list. */
export function readTarget(text: string, list: AllowList): ConnectTarget {
  const { host: written = '', port = 0 } = splitPort(text) ?? {};
  if (isAddress(written)) return { host: written, port, refusal: addressAsked(text) };
  const host = hostName(written);
  if (host === undefined || port === 0) {
    const refusal = malformedConnect(400, 'it does not name a host and a port');
    return { host: '', port: 0, refusal };
  }
  return { host, port, refusal: isAllowed(list, host, port) ? undefined : notListed(host, port, list) };
}
