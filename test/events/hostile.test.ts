import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { hasUniqueBody, readEvent } from '../../src/events/from-delivery.ts';
import { size } from '../support/suite/size.ts';

const SHA = 'a'.repeat(40);
const read = (event: string, payload: object) => readBody(event, JSON.stringify(payload));
const readBody = (event: string, body: Buffer | string) => readEvent({ deliveryId: 'd1', event, body });

function issue(work: () => unknown): FlowError {
  try {
    work();
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** An object with `value` at a dotted path. */
function at(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

describe('bodies that are no event', () => {
  test.each(['', 'nonsense', '{"action":', '{"a":1}}', "{'a':1}", 'NaN', '\ufeff{}x'])(
    '%j is not JSON',
    (body) => {
      expect(issue(() => readBody('push', body)).code).toBe('delivery_not_json');
      expect(issue(() => readBody('push', Buffer.from(body))).code).toBe('delivery_not_json');
    },
  );

  test('bytes that are not UTF-8 are not JSON', () => {
    const body = Buffer.concat([Buffer.from('{"action":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect(issue(() => readBody('push', body)).code).toBe('delivery_not_json');
  });

  test.each(['[]', 'null', '5', '"text"', 'true', '[{"action":"created"}]'])(
    '%s is not an object',
    (body) => {
      expect(issue(() => readBody('push', body)).code).toBe('delivery_not_object');
    },
  );
});

/** Every field an event is made from, the event to send it with, and whether GitHub sends null there. */
const FIELDS: [
  event: string,
  path: string,
  kind: 'text' | 'number' | 'flag' | 'object' | 'list',
  nullable: boolean,
][] = [
  ['issues', 'action', 'text', false],
  ['issues', 'repository', 'object', true],
  ['issues', 'repository.id', 'number', false],
  ['issues', 'repository.full_name', 'text', false],
  ['issues', 'repository.default_branch', 'text', true],
  ['issues', 'repository.private', 'flag', false],
  ['issues', 'sender', 'object', true],
  ['issues', 'sender.login', 'text', false],
  ['issues', 'sender.type', 'text', false],
  ['issues', 'issue', 'object', true],
  ['issues', 'issue.number', 'number', false],
  ['issues', 'issue.body', 'text', true],
  ['issues', 'issue.labels', 'list', true],
  ['issues', 'issue.author_association', 'text', false],
  ['issues', 'issue.pull_request', 'object', true],
  ['issues', 'label', 'object', true],
  ['issues', 'label.name', 'text', false],
  ['issue_comment', 'comment', 'object', true],
  ['issue_comment', 'comment.body', 'text', true],
  ['issue_comment', 'comment.author_association', 'text', false],
  ['pull_request_review', 'review.body', 'text', true],
  ['pull_request', 'pull_request.number', 'number', false],
  ['pull_request', 'pull_request.head', 'object', true],
  ['pull_request', 'pull_request.head.ref', 'text', true],
  ['discussion', 'discussion.number', 'number', false],
  ['push', 'ref', 'text', true],
  ['create', 'ref_type', 'text', false],
  ['check_run', 'check_run.check_suite.head_branch', 'text', true],
  ['workflow_run', 'workflow_run.head_branch', 'text', true],
];

const SAMPLES = { text: 'octo/cats', number: 4, flag: true, object: {}, list: [], null: null };

describe('wrong types', () => {
  test.each(FIELDS)('%s: %s must be of its type, and may be absent', (event, path, kind, nullable) => {
    for (const [other, value] of Object.entries(SAMPLES)) {
      const send = () => read(event, at(path, value));
      if (other === kind || (other === 'null' && nullable)) {
        expect(send, `${path}: ${other}`).not.toThrow();
        continue;
      }
      const { code, message } = issue(send);
      expect(code, `${path}: ${other}`).toBe('delivery_wrong_type');
      expect(message).toContain(` ${path} of this ${event} event is `);
    }
  });

  test.each([1.5, 2 ** 53, -1, 0, 1e300])('a repository id of %d is refused', (id) => {
    expect(issue(() => read('push', { repository: { id, full_name: 'o/n' } })).message).toContain(
      'repository.id',
    );
  });

  test.each([
    'owner',
    'owner/',
    '/name',
    'a/b/c',
    '../name',
    'owner/..',
    './x',
    'o/na me',
    'o/n\u0000',
    'o/n\n',
    'ö/n',
    `o/${'n'.repeat(101)}`,
    '',
  ])('a repository called %j is refused', (full_name) => {
    const { code, message } = issue(() => read('push', { repository: { id: 1, full_name } }));
    expect(code).toBe('delivery_wrong_type');
    expect(message).toContain('owner/name');
  });

  test.each(['HEAD', 'a'.repeat(39), 'g'.repeat(40), '--upload-pack=x', `${SHA} `, `${SHA}\n`])(
    'a commit %j is refused',
    (after) => {
      expect(issue(() => read('push', { after })).code).toBe('delivery_wrong_type');
      expect(
        issue(() => read('pull_request', { pull_request: { number: 1, head: { sha: after } } })).code,
      ).toBe('delivery_wrong_type');
    },
  );

  test.each(['bug', 5, { name: 5 }, {}])('a label that is %j is refused', (label) => {
    const { message } = issue(() => read('issues', { issue: { labels: [{ name: 'ok' }, label] } }));
    expect(message).toContain('issue.labels.1');
  });

  test('the message shows little of a huge value', () => {
    expect(issue(() => read('issues', { sender: 'x'.repeat(1_000_000) })).message.length).toBeLessThan(300);
  });

  test('a field that nothing reads may be anything', () => {
    expect(() =>
      read('issues', { comment: 5, review: [], ref: {}, sha: 1, branch: 2, deployment: '' }),
    ).not.toThrow();
  });
});

describe('hostile text', () => {
  test('keys of the prototype are only text', () => {
    const body =
      '{"__proto__":{"action":"created","sender":{"login":"evil"}},"constructor":{"prototype":{"polluted":1}},"toString":5}';
    const event = readBody('__proto__', body);
    expect(event.attributes).toEqual({ event: '__proto__', isPullRequest: false });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(readBody('issues', '{"issue":{"__proto__":{"number":4}}}').attributes.issueNumber).toBeUndefined();
    expect(readBody('constructor', '{}').attributes.event).toBe('constructor');
  });

  test('lone surrogates, NUL and half a megabyte of comment are an event', () => {
    const body = `/fix \u0000 \\ud800 \u202e ${'x'.repeat(500_000)}`;
    const event = readBody('issue_comment', JSON.stringify({ comment: { body } }));
    expect(event.attributes.command).toBe('/fix');
    expect((event.payload.comment as { body: string }).body).toBe(body);
  });

  test('objects and lists a million deep are an event, or not JSON when they are not closed', () => {
    const depth = 1_000_000;
    const nested = `{"deep":${'['.repeat(depth)}${']'.repeat(depth)},"action":"created"}`;
    expect(readBody('issues', nested).action).toBe('created');
    expect(hasUniqueBody(readBody('issues', nested).payload)).toBe(false);
    expect(issue(() => readBody('issues', '{"a":'.repeat(depth))).code).toBe('delivery_not_json');
  });

  test('whatever the JSON, the outcome is an event or one of the three refusals', () => {
    const key = fc.constantFrom(
      'action',
      'repository',
      'sender',
      'issue',
      'comment',
      'label',
      'ref',
      'number',
      'id',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(key, tie('any'))),
    })).any;
    const event = fc.constantFrom('issues', 'issue_comment', 'push', 'pull_request', 'create', 'unheard_of');
    fc.assert(
      fc.property(event, value, (name, payload) => {
        try {
          readBody(name, JSON.stringify(payload));
        } catch (error) {
          expect(['delivery_not_object', 'delivery_wrong_type']).toContain((error as FlowError).code);
        }
        hasUniqueBody(payload);
      }),
      { numRuns: size(150, 5_000) },
    );
  });
});

describe('the same bytes', () => {
  test.each([
    [{ comment: { id: 1, created_at: '2026-01-01T00:00:00Z' } }, true],
    [{ id: 1, created_at: '2026-01-01T00:00:00Z' }, true],
    [{ repository: { id: 1, updated_at: '2026-01-01T00:00:00Z' } }, false],
    [{ sender: { id: 1, created_at: 'x' }, comment: { id: 1 } }, false],
    [{ comment: [{ id: 1, created_at: 'x' }] }, false],
    [{ comment: { id: null, created_at: 'x' } }, false],
    [{ comment: { id: 1, created_at: null } }, false],
    [[], false],
    [null, false],
  ])('of %j are one event for ever: %s', (payload, unique) => {
    expect(hasUniqueBody(payload)).toBe(unique);
  });
});
