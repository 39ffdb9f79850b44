import { describe, expect, test } from 'vitest';
import type { FlowEvent } from '../../src/events/event.ts';
import { createFilterCompiler, filterFacts } from '../../src/profiles/match/filter.ts';
import { commentEvent } from '../support/github/flow-events.ts';

const compile = createFilterCompiler();

function ask(source: string, event: FlowEvent = commentEvent()) {
  const filter = compile(source);
  if ('code' in filter) throw new Error(`${source}: ${filter.message}`);
  return filter(filterFacts(event));
}

function problem(source: string): string | undefined {
  const filter = compile(source);
  return 'code' in filter ? filter.code : undefined;
}

describe('a filter', () => {
  test.each([
    'event.comment.body.startsWith("/fix") && event.issue.state == "open"',
    'event.issue.number == 42',
    'event.issue.number > 41 && event.issue.number < 42.5',
    'attributes.issueNumber == 42 && attributes.issueNumber == event.issue.number',
    'attributes.actorLogin in ["alice", "bob"]',
    'attributes["command"] == "/fix"',
    '!attributes.isPullRequest',
    'event["comment"]["user"]["login"] == attributes.actorLogin',
    'event.issue.labels.exists(l, l.name == "bug")',
    'event.issue.labels.exists(l, has(l.name) && l.name == "bug")',
    'event.issue.labels.map(l, l.name).exists(n, n == "ready")',
    'event.issue.labels.all(l, l.name.size() > 1)',
    'size(event.issue.labels) == 2',
    'has(event.comment) && !has(event.issue.pull_request) && !has(attributes.branch)',
    'event.issue.body == null',
    'event.nothing == 1 || event.issue.state == "open"',
    'cel.bind(body, event.comment.body, body.contains("fix") && body.contains("tests"))',
    'true',
    'event.issue.state == "open" ? true : false',
  ])('a filter holds: %s', (source) => {
    expect(ask(source)).toEqual({ holds: true, why: null });
  });

  test.each([
    'event.nothing',
    '!event.nothing',
    'event.nothing == "x"',
    'event.nothing != "x"',
    'event.nothing.deeper.still == 1',
    'event.nothing.startsWith("x")',
    '!event.nothing.startsWith("x")',
    'attributes.branch == "main"',
    'attributes.branch != "main"',
    'event.issue.labels[7].name == "bug"',
    'event.nothing == 1 && event.issue.state == "open"',
  ])('what is absent is false: %s', (source) => {
    const { holds, why } = ask(source);
    expect(holds).toBe(false);
    expect(why).not.toBeNull();
  });

  test.each([
    'event.issue',
    'event.issue.state',
    'event.issue.number % 2 == 0',
    'event.issue.number.startsWith("4")',
    'int("x") == 1',
    '1 / 0 == 1',
    'event.issue.body.contains("x")',
  ])('what cannot be evaluated is false, and says why: %s', (source) => {
    const { holds, why } = ask(source);
    expect(holds).toBe(false);
    expect(why).toMatch(/\w/);
  });

  test.each([
    ['', 'filter_invalid'],
    ['1 +', 'filter_invalid'],
    ['"text"', 'filter_invalid'],
    ['1 + 1', 'filter_invalid'],
    ['attributes', 'filter_invalid'],
    ['nothing == 1', 'filter_invalid'],
    ['attributes.brnch == "main"', 'filter_invalid'],
    ['attributes["brnch"] == "main"', 'filter_invalid'],
    ['attributes.issueNumber == "42"', 'filter_invalid'],
    ['event.comment.body.beginsWith("x")', 'filter_invalid'],
    ['process.exit(1)', 'filter_invalid'],
    ['event.comment.body ==== "x"', 'filter_invalid'],
    ['('.repeat(3000), 'filter_invalid'],
    ['!'.repeat(4000), 'filter_invalid'],
    [`${'true && '.repeat(600)}true`, 'filter_too_long'],
    [`"${'x'.repeat(5000)}" == "x"`, 'filter_too_long'],
    ['event.comment.body.matches("^(a+)+$")', 'filter_refused'],
    ['matches(event.comment.body, "^(a+)+$")', 'filter_refused'],
    ['event.issue.labels.exists(l, l.name.matches("x"))', 'filter_refused'],
    ['[1].map(x, event.comment.body.matches("x"))[0]', 'filter_refused'],
    ['{"a": event.comment.body.matches("x")}["a"]', 'filter_refused'],
    ['event.a.exists(x, event.b.exists(y, x == y))', 'filter_refused'],
    ['event.a.map(x, event.b.filter(y, y == x)).size() > 0', 'filter_refused'],
    ['event.a.all(x, [x].map(y, y).size() == 1)', 'filter_refused'],
    ['cel.bind(a, "x" + "x", cel.bind(b, a + a, b == "xxxx"))', 'filter_refused'],
    ['event.a.exists_one(x, true ? event.b.all(y, y == x) : false)', 'filter_refused'],
  ])('a filter is refused when it is read: %.60s', (source, code) => {
    expect(problem(source)).toBe(code);
  });

  test('a macro over huge lists ends within its second, as false', () => {
    const items = Array.from({ length: 100_000 }, (_, index) => `item ${index}`);
    const event = commentEvent({ payload: { a: items, b: items } });
    const started = performance.now();
    expect(ask('event.a.all(x, !(x in event.b) || x in event.b)', event)).toEqual({
      holds: false,
      why: expect.stringContaining('longer than'),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(ask('event.a.exists(x, x == "item 99999")', event).holds).toBe(true);
  });

  test('values that look like the inside of JavaScript are only data', () => {
    const event = commentEvent({ payload: JSON.parse('{"__proto__": {"admin": true}, "toString": 1}') });
    expect(ask('event.admin == true', event).holds).toBe(false);
    expect(ask('has(event.hasOwnProperty) || has(event.valueOf)', event).holds).toBe(false);
    expect(ask('event.toString == 1', event).holds).toBe(true);
    const dressed = commentEvent({ payload: JSON.parse('{"constructor": {"name": "x"}, "a": 1}') });
    expect(ask('event.a == 1', dressed).holds).toBe(false);
  });

  test('an attribute of a type that it never has is false, not a crash', () => {
    const event = commentEvent({ attributes: { event: 'push', actorLogin: 5, issueNumber: 1.5 } });
    expect(ask('attributes.actorLogin == "5"', event).holds).toBe(false);
    expect(ask('attributes.issueNumber == 1', event).holds).toBe(false);
  });

  test('a payload nested ten thousand deep is no crash', () => {
    const deep = (innermost: unknown): unknown =>
      Array.from({ length: 10_000 }).reduce<unknown>((inner) => [inner], innermost);
    const event = commentEvent({ payload: { a: deep(1), b: deep(2) } });
    expect(ask('event.a == event.b', event).holds).toBe(false);
  });
});
