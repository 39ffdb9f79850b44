import { BlockList, isIP } from 'node:net';
import { flagValueInvalid, needsPolicy } from '../errors.ts';
import type { FlagReader } from './flag-text.ts';

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*$/i;

/** The kernel's HOST_NAME_MAX. */
const MOST_HOSTNAME_CHARACTERS = 64;

const REFUSED = blockList([
  [
    'ipv4',
    '0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 224.0.0.0/3',
  ],
  ['ipv6', '::/96 64:ff9b::/96 2002::/16 fe80::/10 ff00::/8 fd00:ec2::254/128'],
]);

/** `--network none|bridge`, or a name that the policy lists; `bridge` is the service's own network, on which containers do not see each other. */
export const readNetwork: FlagReader = (draft, { value }, policy) => {
  const hint = 'Write --network bridge or --network none.';
  if (value === 'none') draft.network = 'none';
  else if (value === 'bridge') draft.network = 'open';
  else if (policy.networks.includes(value)) draft.network = { name: value };
  else if (value === 'host' || value.startsWith('container:')) {
    throw flagValueInvalid(
      '--network',
      value,
      'a run never shares the network of the host or of another container',
      hint,
    );
  } else if (value === '' || value === 'default' || !/^[\w.-]+$/.test(value)) {
    throw flagValueInvalid('--network', value, 'it is no network that a profile may name', hint);
  } else throw needsPolicy('--network', value, 'another network', hint, policy, policy.networks);
};

/** `--add-host NAME:ADDRESS`. */
export const readAddHost: FlagReader = (draft, { value }) => {
  const hint =
    'Write NAME:ADDRESS with the address of the server, for example registry.example.org:10.0.0.5.';
  const [, name = '', address = ''] = /^([^:=]*)[:=](.*)$/.exec(value) ?? [];
  if (!HOST_NAME.test(name))
    throw flagValueInvalid('--add-host', value, 'it does not begin with a host name', hint);
  if (address === 'host-gateway') {
    throw flagValueInvalid('--add-host', value, 'a run is not led to the services of its host', hint);
  }
  draft.addHosts.push(
    `${name}:${readAddress('--add-host', value, address.replace(/^\[(.*)\]$/, '$1'), hint)}`,
  );
};

/** `--dns ADDRESS`. */
export const readDns: FlagReader = (draft, { value }) => {
  draft.dns.push(
    readAddress('--dns', value, value, 'Write the address of a name server, for example 9.9.9.9.'),
  );
};

/** `--hostname NAME`. */
export const readHostname: FlagReader = (draft, { value }) => {
  if (!HOST_NAME.test(value) || value.length > MOST_HOSTNAME_CHARACTERS || value.includes('_')) {
    throw flagValueInvalid(
      '--hostname',
      value,
      `it is no host name of at most ${MOST_HOSTNAME_CHARACTERS} characters`,
      'Use letters, digits, hyphens and dots.',
    );
  }
  draft.hostname = value;
};

function readAddress(flag: string, value: string, address: string, hint: string): string {
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0) throw flagValueInvalid(flag, value, 'it holds no IP address', hint);
  if (REFUSED.check(address, family === 4 ? 'ipv4' : 'ipv6')) {
    const why = 'the address means the machine itself, its link or a metadata service';
    throw flagValueInvalid(flag, value, why, hint);
  }
  return address;
}

/** Addresses that mean this machine, this link or a cloud's metadata service, and no server that a name stands for. */
function blockList(table: readonly (readonly ['ipv4' | 'ipv6', string])[]): BlockList {
  const list = new BlockList();
  for (const [family, networks] of table) {
    for (const network of networks.split(' ')) {
      const [address = '', prefix] = network.split('/');
      list.addSubnet(address, Number(prefix), family);
    }
  }
  return list;
}
