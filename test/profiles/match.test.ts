import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ATTRIBUTES, type FlowEvent } from '../../src/events/event.ts';
import { createProfileSet, explainMatch, matchEvent } from '../../src/profiles/match/match.ts';
import type { Trigger } from '../../src/profiles/profile.ts';
import { candidatesOf, commentEvent } from '../support/github/flow-events.ts';
import { size } from '../support/suite/size.ts';

function winner(triggers: Record<string, Trigger>, event: FlowEvent = commentEvent()): string | undefined {
  return matchEvent(createProfileSet(candidatesOf(triggers)), event).winner?.profile.path;
}

describe('selection', () => {
  test('every condition must hold', () => {
    expect(winner({ a: { event: 'issue_comment', action: 'edited' } })).toBeUndefined();
    expect(winner({ a: { event: 'issue_comment', action: 'created' } })).toBe('a');
  });

  test('the most conditions win, whatever the path', () => {
    expect(
      winner({
        a: { event: 'issue_comment' },
        z: { event: 'issue_comment', repository: 'owner/repository' },
      }),
    ).toBe('z');
  });

  test('ties go to the path that sorts first, character by character', () => {
    const trigger = { event: 'issue_comment' };
    expect(winner({ 'b/a': trigger, 'b-a': trigger, B: trigger })).toBe('B');
    expect(winner({ 'b/a': trigger, 'b-a': trigger })).toBe('b-a');
    expect(winner({ a: trigger, '.': trigger })).toBe('.');
  });

  test('labels count one condition together, and the filter one', () => {
    const two = { event: 'issue_comment', action: 'created' };
    expect(winner({ a: two, z: { event: 'issue_comment', labels: ['bug', 'ready'] } })).toBe('a');
    expect(winner({ a: two, z: { ...two, labels: ['bug'] } })).toBe('z');
    expect(winner({ a: two, z: { ...two, filter: 'event.issue.number == 42' } })).toBe('z');
  });

  test('a list holds when any of its values does, an empty one never', () => {
    expect(winner({ a: { event: ['push', 'issue_comment'] } })).toBe('a');
    expect(winner({ a: { event: 'issue_comment', action: [] } })).toBeUndefined();
  });

  test('equality is strict, and a value of another type never matches', () => {
    expect(winner({ a: { event: 'issue_comment', issueNumber: '42' } })).toBeUndefined();
    expect(winner({ a: { event: 'issue_comment', issueNumber: 42 } })).toBe('a');
    expect(winner({ a: { event: 'issue_comment', isPullRequest: 0 } })).toBeUndefined();
    expect(winner({ a: { event: 'issue_comment', repository: 'Owner/repository' } })).toBeUndefined();
    expect(winner({ a: { event: 'issue_comment', branch: null } })).toBeUndefined();
  });

  test('all labels must be carried; none asked for always holds', () => {
    expect(winner({ a: { event: 'issue_comment', labels: ['ready', 'bug'] } })).toBe('a');
    expect(winner({ a: { event: 'issue_comment', labels: ['ready', 'missing'] } })).toBeUndefined();
    expect(winner({ a: { event: 'issue_comment', labels: [] } })).toBe('a');
    expect(winner({ a: { event: 'issue_comment', labels: [''] } })).toBeUndefined();
  });

  test('a better candidate whose filter is false leaves the event to the next', () => {
    const base = { event: 'issue_comment', action: 'created' };
    expect(
      winner({
        a: { ...base, filter: 'event.issue.number == 41' },
        b: { ...base, filter: 'event.issue.number == 42' },
        c: base,
      }),
    ).toBe('b');
  });

  test('no candidates, no winner', () => {
    expect(winner({})).toBeUndefined();
  });
});

describe('explaining', () => {
  const explain = (triggers: Record<string, Trigger>, event = commentEvent()) =>
    explainMatch(createProfileSet(candidatesOf(triggers)), event);

  test('each candidate is reported with its trigger and the first condition that failed', () => {
    const results = explain({
      a: { event: 'issue_comment', action: 'edited', branch: 'main' },
      b: { event: 'issue_comment', branch: ['main', 'next'] },
      c: { event: 'issue_comment', labels: ['bug', 'wontfix'] },
      d: { event: 'issue_comment', filter: 'event.issue.number > 100' },
      e: { event: 'issue_comment', filter: 'event.nothing' },
      f: { event: 'issue_comment' },
    });
    expect(results.map(({ profile, matched, failed }) => [profile, matched, failed?.condition])).toEqual([
      ['a', false, 'action'],
      ['b', false, 'branch'],
      ['b', false, 'branch'],
      ['c', false, 'labels'],
      ['d', false, 'filter'],
      ['e', false, 'filter'],
      ['f', true, undefined],
    ]);
    expect(results[0]?.failed).toEqual({ condition: 'action', wanted: 'edited', actual: 'created' });
    expect(results[2]).toMatchObject({ trigger: { event: 'issue_comment', branch: 'next' } });
    expect(results[2]?.failed).toEqual({ condition: 'branch', wanted: 'next', actual: undefined });
    expect(results[3]?.failed?.actual).toEqual(['bug', 'ready']);
    expect(results[4]?.failed?.actual).toBe(false);
    expect(results[5]?.failed?.actual).toContain('nothing');
  });

  test('the index finds what going through all candidates finds', () => {
    const value = fc.constantFrom('x', 'y', 1, true, null);
    const label = fc.constantFrom('l1', 'l2', 'l3');
    const attributes = fc.subarray([...ATTRIBUTES].slice(1, 6));
    const trigger = attributes.chain((names) =>
      fc.record(
        {
          event: fc.constant('push' as const),
          ...Object.fromEntries(
            names.map((name) => [name, fc.oneof(value, fc.array(value, { maxLength: 3 }))]),
          ),
          labels: fc.array(label, { maxLength: 2 }),
          filter: fc.constantFrom('event.n == 1', 'event.n == 2', 'event.absent'),
        },
        { requiredKeys: ['event'] },
      ),
    );
    const event = fc.record({
      given: fc.dictionary(fc.constantFrom(...ATTRIBUTES.slice(1, 6)), value),
      labels: fc.uniqueArray(label),
      n: fc.constantFrom(1, 2, 3),
    });
    fc.assert(
      fc.property(fc.array(trigger, { maxLength: 12 }), event, (triggers, { given, labels, n }) => {
        const entries = triggers.map((each, index) => [`p${index}`, each]);
        const set = createProfileSet(candidatesOf(Object.fromEntries(entries)));
        const pushed = commentEvent({ attributes: { ...given, event: 'push' }, labels, payload: { n } });
        const first = explainMatch(set, pushed).find(({ matched }) => matched);
        expect(matchEvent(set, pushed).winner?.profile.path).toBe(first?.profile);
      }),
      { numRuns: size(150, 20_000) },
    );
  });
});

describe('a decision among 10,000 profiles', () => {
  const decision = (set: ReturnType<typeof createProfileSet>, event: FlowEvent): number => {
    const started = process.hrtime.bigint();
    for (let turn = 0; turn < 200; turn += 1) matchEvent(set, event);
    return Number(process.hrtime.bigint() - started) / 200 / 1e6;
  };
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

  test.each<[string, (index: number) => Trigger]>([
    [
      'of as many repositories',
      (i) => ({ event: 'issue_comment', action: 'created', repository: `owner/r${i}` }),
    ],
    ['of one repository, each with its command', (i) => ({ event: 'issue_comment', command: `/c${i}` })],
    [
      'of a hundred repositories and commands',
      (i) => ({ event: 'issue_comment', repository: `r${i % 100}`, command: `/c${(i / 100) | 0}` }),
    ],
    ['that differ in nothing', () => ({ event: 'issue_comment', action: 'created' })],
    ['each with its label', (i) => ({ event: 'issue_comment', labels: ['bug', `l${i}`] })],
    [
      'that share one filter',
      (i) => ({ event: 'issue_comment', filter: 'event.issue.number == 1', labels: [`l${i}`] }),
    ],
  ])('%s costs hardly more than among 10, and few milliseconds', (_name, trigger) => {
    const make = (count: number) =>
      createProfileSet(
        candidatesOf(Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, trigger(i)]))),
      );
    const [few, many] = [make(10), make(10_000)];
    const hit = commentEvent({ attributes: { ...commentEvent().attributes, repository: 'owner/r7' } });
    for (const event of [commentEvent(), hit]) {
      decision(few, event);
      decision(many, event);
      const rounds = Array.from({ length: 15 }, () => [decision(few, event), decision(many, event)] as const);
      const [ten, tenThousand] = [median(rounds.map(([t]) => t)), median(rounds.map(([, t]) => t))];
      expect(tenThousand).toBeLessThan(5);
      // The grace is the noise of a busy machine; looking at each profile would take hundreds of microseconds.
      expect(tenThousand).toBeLessThan(4 * ten + 0.05);
    }
  });
});
