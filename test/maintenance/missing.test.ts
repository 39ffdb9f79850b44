import { describe, expect, test } from 'vitest';
import { mayRequest, missingOf } from '../../src/maintenance/missing.ts';

const MINUTE = 60_000;
const now = Date.UTC(2030, 0, 2);
const rule = { since: now - 60 * MINUTE, now, watchingSince: now - 30 * MINUTE, stored: new Set<string>() };
const delivery = (guid: string, minutesAgo: number, statusCode: number, id = 1) => ({
  id,
  guid,
  at: now - minutesAgo * MINUTE,
  statusCode,
});

describe('what is missing', () => {
  test.each([
    ['failed and not stored', delivery('a', 10, 502), true],
    ['failed before this installation was there', delivery('a', 50, 500), true],
    ['refused as wrongly signed', delivery('a', 10, 401), true],
    ['nobody answered', delivery('a', 10, 0), true],
    ['still under way', delivery('a', 0, 0), false],
    ['older than the window', delivery('a', 61, 500), false],
    ['taken, and not here', delivery('a', 10, 202), true],
    ['taken just now, and under way', delivery('a', 0, 202), false],
    ['taken before this installation was there', delivery('a', 40, 202), false],
  ])('%s', (_name, item, isMissing) => {
    expect(missingOf([item], rule).length === 1).toBe(isMissing);
  });

  test('no stored delivery is missing, whatever GitHub saw', () => {
    expect(missingOf([delivery('a', 10, 500)], { ...rule, stored: new Set(['a']) })).toEqual([]);
  });

  test('each missing delivery is listed once, oldest first, by its newest attempt', () => {
    const listed = [delivery('b', 5, 500, 9), delivery('a', 8, 500, 7), delivery('a', 20, 500, 3)];
    expect(missingOf(listed, rule).map(({ id }) => id)).toEqual([7, 9]);
  });
});

describe('asking again', () => {
  test('a missing delivery is requested three times, at growing intervals', () => {
    const item = delivery('a', 10, 500);
    expect(mayRequest(item, undefined, now)).toBe(true);
    expect(mayRequest(item, { times: 1, lastAt: now - 9 * MINUTE }, now)).toBe(false);
    expect(mayRequest(item, { times: 1, lastAt: now - 10 * MINUTE }, now)).toBe(true);
    expect(mayRequest(item, { times: 2, lastAt: now - 10 * MINUTE }, now)).toBe(false);
    expect(mayRequest(item, { times: 2, lastAt: now - 60 * MINUTE }, now)).toBe(true);
    expect(mayRequest(item, { times: 3, lastAt: now - 6000 * MINUTE }, now)).toBe(false);
  });

  test('an accepted delivery is requested once', () => {
    expect(mayRequest(delivery('a', 10, 202), { times: 1, lastAt: 0 }, now)).toBe(false);
  });

  test('a clock that was set back an hour does not delay a request for an hour', () => {
    const asked = { times: 1, lastAt: now + 60 * MINUTE };
    expect(mayRequest(delivery('a', 10, 500), asked, now)).toBe(true);
  });
});
