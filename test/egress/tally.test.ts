import { describe, expect, test } from 'vitest';
import type { EgressRequest } from '../../src/egress/egress-request.ts';
import { createTally, type EgressLine, type Tally } from '../../src/egress/tally.ts';

function request(over: Partial<EgressRequest> = {}): EgressRequest {
  const { host = 'evil.org', port = 443 } = over;
  const message = `${host}:${port} is not on this run's allow list.`;
  const refused = { decision: 'refused', reason: 'egress_not_listed' } as const;
  return { host, port, ...refused, message, bytesUp: 0, bytesDown: 0, ms: 5, ...over };
}

const closed = { host: 'github.com', decision: 'closed', reason: null, message: 'It was closed.' } as const;

/** Adds a request many times; gives the lines that came. */
function addMany(tally: Tally, count: number, make: (index: number) => EgressRequest): EgressLine[] {
  return Array.from({ length: count }, (_, index) => tally.add(make(index))).filter(
    (line) => line !== undefined,
  );
}

const unnamed = (): boolean => false;

describe('requests that are alike', () => {
  test('requests that are alike have a line at once, at the tenth, the hundredth and so on, and one for what is left', () => {
    const tally = createTally(unnamed);
    const lines = addMany(tally, 1234, () => request());
    expect(lines.map(({ count }) => count)).toEqual([1, 9, 90, 900]);
    expect(lines.map(({ message }) => message).slice(0, 2)).toEqual([
      "evil.org:443 is not on this run's allow list.",
      '… and 9 more to evil.org:443: refused (egress_not_listed).',
    ]);
    expect(tally.rest().map(({ count }) => count)).toEqual([234]);
    expect(tally.rest()).toEqual([]);
  });

  test('carry the bytes of all of them, each once', () => {
    const tally = createTally(unnamed);
    const lines = addMany(tally, 37, () => request({ ...closed, bytesUp: 3, bytesDown: 100 }));
    lines.push(...tally.rest());
    expect(lines.map(({ bytesUp, bytesDown }) => [bytesUp, bytesDown])).toEqual([
      [3, 100],
      [27, 900],
      [81, 2700],
    ]);
    expect(lines.map(({ message }) => message)).toEqual([
      'It was closed. Bytes sent: 3, received: 100.',
      '… and 9 more to github.com:443: closed. Bytes sent: 27, received: 900.',
      '… and 27 more to github.com:443: closed. Bytes sent: 81, received: 2700.',
    ]);
  });

  test('requests that are alike are alike in host, port, decision and reason', () => {
    const tally = createTally(unnamed);
    const changes = [{}, { host: 'other.org' }, { port: 8443 }, { reason: 'egress_name_unknown' }, closed];
    const lines = changes.map((change) => tally.add(request(change)));
    expect(lines.every((line) => line?.count === 1)).toBe(true);
    expect(changes.map((change) => tally.add(request(change)))).toEqual(changes.map(() => undefined));
  });

  test('requests that are alike that name no host say so', () => {
    const tally = createTally(unnamed);
    addMany(tally, 3, () => request({ host: '', port: 0, reason: 'egress_request_malformed' }));
    expect(tally.rest()[0]?.message).toBe(
      '… and 2 more to no host that could be read: refused (egress_request_malformed).',
    );
  });
});

describe('an agent that invents hosts', () => {
  test('an agent that invents hosts gets few lines for a hundred thousand of them, and all are counted', () => {
    const tally = createTally(unnamed);
    const lines = addMany(tally, 100_000, (index) => request({ host: `x${index}.evil.org` }));
    const rest = tally.rest();
    expect(lines.length + rest.length).toBeLessThan(110);
    expect([...lines, ...rest].reduce((sum, { count }) => sum + count, 0)).toBe(100_000);
    expect(rest.at(-1)).toMatchObject({ host: '', port: 0, decision: 'refused' });
    expect(rest.at(-1)?.message).toMatch(/^… and \d+ more to various other hosts: refused/);
  });

  test('an agent that invents hosts does not hide what is granted or closed by what is refused', () => {
    const tally = createTally(unnamed);
    addMany(tally, 5_000, (index) => request({ host: `x${index}.evil.org` }));
    const granted = { host: 'new.example.org', decision: 'granted', reason: null } as const;
    expect(tally.add(request(granted))).toMatchObject({ host: 'new.example.org', count: 1 });
    expect(tally.add(request({ ...closed, bytesUp: 7 }))).toMatchObject({ bytesUp: 7, count: 1 });
  });

  test('below a star of the list does not hide what the list names', () => {
    const tally = createTally((host) => host === 'github.com');
    const granted = { decision: 'granted', reason: null } as const;
    const lines = addMany(tally, 5_000, (index) => request({ ...granted, host: `x${index}.example.org` }));
    expect(lines.length).toBeLessThan(1_010);
    expect(tally.add(request({ ...granted, host: 'github.com' }))).toMatchObject({ host: 'github.com' });
    const differs = { host: 'github.com', reason: 'egress_name_differs' };
    expect(tally.add(request(differs))).toMatchObject({ ...differs, count: 1 });
  });
});
