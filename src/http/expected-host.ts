import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Tells whether a Host header names this listener, on any port. A browser that was led here by somebody else's
 * name (DNS rebinding) sends that name; an address cannot be rebound, so a listener on all addresses takes each.
 * `address` is what it listens on, `names` are the further ones it is reached by.
 */
export function expectedHost(
  address: string,
  names: readonly string[],
): (host: string | undefined) => boolean {
  const expected = new Set([address, ...names].map((name) => bare(name)));
  const isWildcard = ['0.0.0.0', '::'].includes(bare(address));
  const isLocal = isWildcard || isLoopback(bare(address));
  return (host) => {
    const name = hostName(host);
    if (name === undefined) return false;
    if (expected.has(name)) return true;
    if (isWildcard && isIP(name) !== 0) return true;
    return isLocal && (name === 'localhost' || isLoopback(name));
  };
}

/** The name in a Host header without its port; undefined when it is none. */
function hostName(host: string | undefined): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::\d{1,5})?$/i.exec(host ?? '') ?? [];
  return name === undefined ? undefined : bare(name);
}

/** Lower case, without the brackets of an IPv6 address or the dot that ends a full name. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isLoopback(name: string): boolean {
  const version = isIP(name);
  if (version === 0) return name === 'localhost';
  return LOOPBACK.check(name, version === 6 ? 'ipv6' : 'ipv4');
}
