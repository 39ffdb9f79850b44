import { BlockList, isIP } from 'node:net';

/**
 * IPv4 networks that are not the internet's: https://www.iana.org/assignments/iana-ipv4-special-registry, multicast and
 * what is above it, and the address at which Azure's machines find their host:
 * https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];

/** Of IPv6 only this network is the internet; loopback, link-local, private and mapped addresses lie outside of it. */
const GLOBAL_IPV6 = ['2000::/3'];

/** Parts of it that are not: https://www.iana.org/assignments/iana-ipv6-special-registry. Teredo and 6to4 hold IPv4 addresses. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** How a network without IPv4 reaches IPv4 addresses: they are the last 32 bits. https://www.rfc-editor.org/rfc/rfc6052#section-2.1 */
const NAT64 = '64:ff9b::';
const NAT64_BITS = 96;

const specialIpv4 = blockList('ipv4', SPECIAL_IPV4);
const globalIpv6 = blockList('ipv6', GLOBAL_IPV6);
const specialIpv6 = blockList('ipv6', SPECIAL_IPV6);
const nat64 = blockList('ipv6', [`${NAT64}/${NAT64_BITS}`]);
const specialNat64 = blockList('ipv6', SPECIAL_IPV4.map(throughNat64));

/** Whether an address is one of the internet's; false for every other text too. Pure. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  const family = isIP(address);
  if (family === 4) return !specialIpv4.check(address, 'ipv4');
  if (family !== 6) return false;
  if (nat64.check(address, 'ipv6')) return !specialNat64.check(address, 'ipv6');
  return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

function throughNat64(network: string): string {
  const [address = '', bits = ''] = network.split('/');
  return `${NAT64}${address}/${NAT64_BITS + Number(bits)}`;
}

function blockList(family: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
