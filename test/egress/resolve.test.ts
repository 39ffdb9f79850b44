import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askNameServers, systemResolve } from '../../src/egress/proxy/resolve.ts';

const TYPE = { 1: 'A', 28: 'AAAA' } as const;

/** A name server on loopback that knows these records, and the resolver that asks it alone. */
async function nameServer(
  records: Record<string, string[]>,
): Promise<{ resolver: Resolver; asked: string[] }> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const end = query.indexOf(0, 12);
    const labels: string[] = [];
    for (let at = 12; at < end; at += (query[at] ?? 0) + 1)
      labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
    const type = TYPE[query.readUInt16BE(end + 1) as 1 | 28];
    asked.push(`${labels.join('.')} ${type}`);
    const answers = (records[`${labels.join('.').toLowerCase()} ${type}`] ?? []).map((value) => {
      const data =
        type === 'A'
          ? Buffer.from(value.split('.').map(Number))
          : Buffer.from(
              value
                .split(':')
                .map((word) => word.padStart(4, '0'))
                .join(''),
              'hex',
            );
      const head = Buffer.from('c00c00000001000000050000', 'hex');
      head.writeUInt16BE(query.readUInt16BE(end + 1), 2);
      head.writeUInt16BE(data.length, 10);
      return Buffer.concat([head, data]);
    });
    const known = Object.keys(records).some((key) => key.startsWith(`${labels.join('.').toLowerCase()} `));
    const header = Buffer.from('000081800001000000000000', 'hex');
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([header, query.subarray(12, end + 5), ...answers]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return { resolver, asked };
}

describe('a name that a run asks for', () => {
  test('a name that a run asks for has all its addresses of both kinds, asked for as it stands', async () => {
    const { resolver, asked } = await nameServer({
      'both.example.org A': ['140.82.121.4', '10.0.0.1'],
      'both.example.org AAAA': ['2606:4700:0:0:0:0:0:1'],
    });
    expect(await askNameServers(resolver, 'both.example.org')).toEqual([
      '140.82.121.4',
      '10.0.0.1',
      '2606:4700::1',
    ]);
    expect(asked.toSorted()).toEqual(['both.example.org A', 'both.example.org AAAA']);
  });

  test('a name that a run asks for may have addresses of one kind only', async () => {
    const { resolver } = await nameServer({
      'four.example.org A': ['140.82.121.4'],
      'six.example.org AAAA': ['2606:4700:0:0:0:0:0:1'],
    });
    expect(await askNameServers(resolver, 'four.example.org')).toEqual(['140.82.121.4']);
    expect(await askNameServers(resolver, 'six.example.org')).toEqual(['2606:4700::1']);
  });

  test('a name that a run asks for that does not exist fails with the name servers’ word for it', async () => {
    const { resolver } = await nameServer({});
    await expect(askNameServers(resolver, 'gone.example.org')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

test('a name that the policy names is found in the ways of the machine', async () => {
  const addresses = await systemResolve('localhost', true);
  expect(addresses.length).toBeGreaterThan(0);
  expect(addresses.filter((address) => address !== '127.0.0.1' && address !== '::1')).toEqual([]);
});
