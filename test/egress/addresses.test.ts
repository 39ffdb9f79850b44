import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../src/egress/proxy/addresses.ts';
import { size } from '../support/suite/size.ts';

const PRIVATE = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.17.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
];

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '100.63.255.255',
  '100.128.0.1',
  '140.82.121.4',
  '172.32.0.1',
  '223.255.255.255',
];

describe('an address of the internet', () => {
  test.each(PUBLIC)('%s is one, also through NAT64', (address) => {
    expect(isPublicAddress(address)).toBe(true);
    expect(isPublicAddress(`64:ff9b::${address}`)).toBe(true);
  });

  test.each(['2606:4700:4700::1111', '2001:4860:4860::8888', '2a00:1450:4001::1', '2600::', '3ffe::1'])(
    '%s is one',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
});

describe('an address of this machine, its network or a metadata service', () => {
  test.each(PRIVATE)('%s is one, also mapped, translated or tunnelled into IPv6', (address) => {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(':');
    const forms = [
      address,
      `::ffff:${address}`,
      `::ffff:${words}`,
      `0:0:0:0:0:ffff:${words}`,
      `::${address}`,
      `::ffff:0:${address}`,
      `64:ff9b::${address}`,
      `64:ff9b::${words}`,
      `64:ff9b:1::${address}`,
      `2002:${words}::1`,
      `2001:0:${words}::1`,
    ];
    expect(forms.filter(isPublicAddress)).toEqual([]);
  });

  test('is also any other of IPv6 that is not the internet', () => {
    const addresses = [
      '::',
      '::1',
      '::ffff:8.8.8.8',
      '100::1',
      '2001::1',
      '2001:db8::1',
      '2002:808:808::1',
      '3fff::1',
      '4000::1',
      '5f00::1',
      'fc00::1',
      'fd00:ec2::254',
      'fd20:ce::254',
      'fe80::1',
      'fe80::1%eth0',
      '2606:4700:4700::1111%eth0',
      'fec0::1',
      'ff02::1',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ];
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  test('is whatever is no address at all', () => {
    const texts = [
      '',
      'localhost',
      '1',
      '127.1',
      '8.8.8',
      '8.8.8.8.',
      '08.8.8.8',
      '0x8.8.8.8',
      '[2600::]',
      ' 8.8.8.8',
      '8.8.8.8 ',
      '8.8.8.8\0',
    ];
    expect(texts.filter(isPublicAddress)).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => !isPublicAddress(text) || /^[\d.]+$/.test(text)));
  });

  test('never hides in IPv6, whatever its four bytes are', () => {
    const privates = new BlockList();
    for (const network of [
      '10.0.0.0/8',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.168.0.0/16',
    ]) {
      const [address = '', bits] = network.split('/');
      privates.addSubnet(address, Number(bits));
    }
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.constantFrom('::ffff:', '64:ff9b::', '::', '64:ff9b:1::'),
        (address, prefix) => {
          if (privates.check(address)) expect(isPublicAddress(`${prefix}${address}`)).toBe(false);
          expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublicAddress(address));
        },
      ),
      { numRuns: size(1_000, 20_000) },
    );
  });
});
