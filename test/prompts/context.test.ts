import { describe, expect, test } from 'vitest';
import { type PromptSources, resolveVariables } from '../../src/prompts/context.ts';

const sources: PromptSources = {
  event: JSON.parse(`{
    "issue": {"number": 12, "title": "T", "body": null, "locked": false, "milestone": null,
      "labels": [{"name": "bug"}], "user": {"login": "mona"}},
    "comment": {"body": ""}, "zero": 0, "__proto__": {"own": "p"}, "": {"": "empty"}
  }`),
  attributes: { command: '/fix', isPullRequest: true },
  workspace: { branch: 'agent/12', gone: undefined },
  run: { id: 'r1' },
};
const required = (path: string) =>
  resolveVariables([{ name: 'NAME', path, required: true, default: 'unused' }], sources).NAME;
const optional = (path: string) =>
  resolveVariables([{ name: 'NAME', path, required: false, default: 'none' }], sources).NAME;

describe('prompt variables', () => {
  test.each([
    ['event.issue.title', 'T'],
    ['event.issue.number', '12'],
    ['event.issue.locked', 'false'],
    ['event.zero', '0'],
    ['event.comment.body', ''],
    ['event.issue.labels.0.name', 'bug'],
    ['attributes.command', '/fix'],
    ['attributes.isPullRequest', 'true'],
    ['workspace.branch', 'agent/12'],
    ['run.id', 'r1'],
    ['event.__proto__.own', 'p'],
    ['event..', 'empty'],
  ])('%s is %j', (path, text) => {
    expect(required(path)).toBe(text);
    expect(optional(path)).toBe(text);
  });

  test('an account that is gone is ghost, and a fork that is gone has empty names', () => {
    const gone = {
      event: {
        issue: { user: null },
        sender: null,
        pull_request: { head: { repo: null, user: null, label: null } },
      },
      attributes: {},
      workspace: {},
      run: {},
    };
    const of = (path: string): string =>
      resolveVariables([{ name: 'X', path, required: true, default: '' }], gone).X ?? 'nothing';
    expect(of('event.issue.user.login')).toBe('ghost');
    expect(of('event.sender.login')).toBe('ghost');
    expect(of('event.pull_request.head.user.login')).toBe('ghost');
    expect(of('event.pull_request.head.repo.owner.login')).toBe('ghost');
    expect(of('event.pull_request.head.repo.full_name')).toBe('');
    expect(of('event.pull_request.head.label')).toBe('');
    expect(of('event.issue.user.html_url')).toBe('');
  });

  test('null of GitHub is the empty text where a value is required, and the default where it is not', () => {
    expect(required('event.issue.body')).toBe('');
    expect(optional('event.issue.body')).toBe('none');
  });

  test.each([
    ['event.issue.nothing', 'event.issue.nothing is absent'],
    ['event.pull_request.head.ref', 'event.pull_request is absent'],
    ['event.issue.milestone.title', 'event.issue.milestone is null'],
    ['event.issue', 'event.issue is an object'],
    ['event.issue.labels', 'event.issue.labels is a list'],
    ['event.issue.labels.0', 'event.issue.labels.0 is an object'],
    ['event.issue.labels.1.name', 'event.issue.labels.1 is absent'],
    ['event.issue.labels.length', 'event.issue.labels.length is absent'],
    ['event.issue.labels.-1', 'event.issue.labels.-1 is absent'],
    ['event.issue.labels.00', 'event.issue.labels.00 is absent'],
    ['event.issue.title.length', 'event.issue.title.length is absent'],
    ['event.issue.constructor', 'event.issue.constructor is absent'],
    ['event.issue.__proto__', 'event.issue.__proto__ is absent'],
    ['event.toString.name', 'event.toString is absent'],
    ['attributes.labelName', 'attributes.labelName is absent'],
    ['workspace.gone', 'workspace.gone is absent'],
    ['event', 'event is an object'],
    ['event.', 'event. is an object'],
    ['secrets.token', 'secrets is absent'],
    ['', ' is absent'],
  ])('a required %s stops the run: %s', (path, reason) => {
    expect(() => required(path)).toThrow(
      expect.objectContaining({
        code: 'prompt_variable_missing',
        blame: 'profile',
        message: `The prompt variable NAME needs one value at ${path}, but ${reason}.`,
      }),
    );
    expect(optional(path)).toBe('none');
  });

  test('every name is kept, also one like the prototype', () => {
    const variable = { path: 'run.id', required: true, default: '' };
    const values = resolveVariables(
      ['A', '__proto__', 'constructor'].map((name) => ({ ...variable, name })),
      sources,
    );
    expect(Object.entries(values)).toEqual([
      ['A', 'r1'],
      ['__proto__', 'r1'],
      ['constructor', 'r1'],
    ]);
  });
});
