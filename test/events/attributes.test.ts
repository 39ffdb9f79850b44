import { describe, expect, test } from 'vitest';
import { commandArgs, readEvent } from '../../src/events/from-delivery.ts';

const SHA = 'a'.repeat(40);
const read = (event: string, payload: object) =>
  readEvent({ deliveryId: 'd1', event, body: JSON.stringify(payload) });
const attributes = (event: string, payload: object) => read(event, payload).attributes;

describe('attributes', () => {
  test('a comment on an issue gives all that a trigger may match', () => {
    const event = read('issue_comment', {
      action: 'created',
      repository: { id: 7, full_name: 'octo/cat.s', default_branch: 'main', private: false },
      sender: { login: 'mona', id: 3, type: 'User' },
      issue: {
        number: 12,
        body: '/other',
        author_association: 'NONE',
        labels: [{ name: 'bug' }, { name: 'ui' }],
      },
      comment: { body: '/fix the tests\nplease', author_association: 'MEMBER' },
    });
    expect(event.attributes).toEqual({
      event: 'issue_comment',
      action: 'created',
      repository: 'octo/cat.s',
      actorLogin: 'mona',
      actorType: 'User',
      authorAssociation: 'MEMBER',
      issueNumber: 12,
      isPullRequest: false,
      command: '/fix',
    });
    expect(event.labels).toEqual(['bug', 'ui']);
    expect(event.repository).toEqual({
      id: 7,
      fullName: 'octo/cat.s',
      owner: 'octo',
      name: 'cat.s',
      defaultBranch: 'main',
      private: false,
    });
    expect(event.actor).toEqual({ login: 'mona', id: 3, type: 'User' });
    expect(event.pullRequest).toBeUndefined();
  });

  test('a comment on a pull request is about that pull request', () => {
    const event = read('issue_comment', { issue: { number: 5, pull_request: { url: 'u' } } });
    expect(event.attributes.isPullRequest).toBe(true);
    expect(event.attributes.issueNumber).toBe(5);
    expect(event.pullRequest).toMatchObject({ number: 5, headSha: undefined, headRef: undefined });
  });

  test('a pull request gives its heads, its head branch, and survives a deleted fork', () => {
    const pull_request = {
      number: 9,
      labels: [{ name: 'wip' }],
      author_association: 'OWNER',
      head: { ref: 'feature', sha: SHA, repo: { id: 44 } },
      base: { ref: 'main', sha: 'c'.repeat(40) },
    };
    const event = read('pull_request', { pull_request });
    expect(event.pullRequest).toEqual({
      number: 9,
      headSha: SHA,
      headRef: 'feature',
      headRepositoryId: 44,
      isFork: true,
      baseSha: 'c'.repeat(40),
      baseRef: 'main',
    });
    expect(event.attributes).toMatchObject({ branch: 'feature', isPullRequest: true, issueNumber: 9 });
    expect(event.labels).toEqual(['wip']);
    const orphan = { ...pull_request, head: { ...pull_request.head, repo: null } };
    expect(read('pull_request', { pull_request: orphan }).pullRequest?.headRepositoryId).toBeUndefined();
  });

  test.each([
    ['its own repository, whatever the names say', { id: 44, full_name: 'evil/fork' }, false],
    ['another repository of the same name', { id: 45, full_name: 'octo/cat' }, true],
    ['a repository that is gone', null, true],
    ['a repository without a number', {}, true],
  ])('a pull request from %s is told by the ids of the repositories', (_name, repo, isFork) => {
    const repository = { id: 44, full_name: 'octo/cat' };
    const event = read('pull_request', { repository, pull_request: { number: 1, head: { repo } } });
    expect(event.attributes.isFork).toBe(isFork);
    expect(event.pullRequest?.isFork).toBe(isFork);
    const comment = { repository, issue: { number: 1, pull_request: {} } };
    expect(read('issue_comment', comment).attributes).not.toHaveProperty('isFork');
  });

  test.each([
    ['another repository', { id: 2 }, true],
    ['a repository that is gone', null, true],
    ['the repository itself', { id: 1 }, false],
  ])('a workflow that ran on a commit of %s says so', (_name, head_repository, isFork) => {
    const repository = { id: 1, full_name: 'octo/hello' };
    const payload = { repository, workflow_run: { head_repository, head_branch: 'main', head_sha: null } };
    expect(read('workflow_run', payload).attributes.isFork).toBe(isFork);
    expect(read('workflow_run', { repository, workflow_run: {} }).attributes).not.toHaveProperty('isFork');
  });

  test.each<[string, object, string | undefined, string | undefined]>([
    ['push', { ref: 'refs/heads/feature/x', after: SHA }, 'feature/x', SHA],
    ['push', { ref: 'refs/tags/v1', after: SHA }, undefined, SHA],
    ['push', { ref: 'refs/heads/gone', after: '0'.repeat(40) }, 'gone', undefined],
    ['create', { ref: 'topic', ref_type: 'branch' }, 'topic', undefined],
    ['delete', { ref: 'v1', ref_type: 'tag' }, undefined, undefined],
    ['check_run', { check_run: { head_sha: SHA, check_suite: { head_branch: null } } }, undefined, SHA],
    ['check_suite', { check_suite: { head_sha: SHA, head_branch: 'main' } }, 'main', SHA],
    ['workflow_run', { workflow_run: { head_sha: SHA, head_branch: 'main' } }, 'main', SHA],
    ['workflow_dispatch', { ref: 'refs/heads/main' }, 'main', undefined],
    ['merge_group', { merge_group: { base_ref: 'refs/heads/main', head_sha: SHA } }, 'main', SHA],
    ['status', { sha: 'b'.repeat(64), branches: [] }, undefined, 'b'.repeat(64)],
    ['code_scanning_alert', { ref: '', commit_oid: '' }, undefined, undefined],
    ['issues', { ref: { odd: true }, after: 5, branch: [] }, undefined, undefined],
  ])('%s %j is about branch %s and commit %s', (name, payload, branch, commit) => {
    const event = read(name, payload);
    expect(event.attributes.branch).toBe(branch);
    expect(event.commit).toBe(commit);
  });

  test.each([
    ['/fix', '/fix'],
    ['/fix the tests', '/fix'],
    ['  \r\n/fix\tnow', '/fix'],
    ['/fix\u00a0now', '/fix'],
    ['please /fix', undefined],
    ['', undefined],
    ['fix', undefined],
    ['/ fix', undefined],
    ['/Fix', '/Fix'],
    ['> /fix', undefined],
    ['\u200b\u2060/fix', '/fix'],
    ['/fix\u2060', '/fix'],
    ['/f\u00adi\u200dx\ufeff now', '/fix'],
    ['\u202e/fix\u0085', '/fix'],
    ['/fix\u2028now', '/fix'],
    ['／fix', undefined],
    [`/${'x'.repeat(99)}`, `/${'x'.repeat(99)}`],
    [`/${'x'.repeat(500_000)}`, undefined],
    [' '.repeat(500_000), undefined],
  ])('a comment %j gives the command %j', (body, command) => {
    expect(attributes('issue_comment', { comment: { body } }).command).toBe(command);
  });

  test('a command is read from what was written, never from the thread below it', () => {
    const issue = { number: 1, body: '/fix' };
    expect(attributes('issues', { issue }).command).toBe('/fix');
    expect(attributes('issue_comment', { issue, comment: { body: 'no' } }).command).toBeUndefined();
    const review = { body: null, author_association: 'MEMBER' };
    const reviewed = attributes('pull_request_review', {
      review,
      pull_request: { number: 1, body: '/fix', author_association: 'NONE' },
    });
    expect(reviewed.command).toBeUndefined();
    expect(reviewed.authorAssociation).toBe('MEMBER');
  });

  test.each([
    ['/fix the tests, please', 'the tests, please'],
    ['/fix', ''],
    ['  \n/fix\tall \r\nand this is not meant', 'all'],
    ['fix the tests', undefined],
    ['\u200b/f\u2060ix\u200b the\u200b tests', 'the tests'],
    [`/fix ${'x '.repeat(100_000)}`, 'x '.repeat(100_000).trim()],
  ])('what stands behind the command of %j is %j', (body, args) => {
    expect(commandArgs(read('issue_comment', { issue: { number: 1 }, comment: { body } }))).toBe(args);
  });

  test('a label that was put on or taken off is named', () => {
    expect(attributes('issues', { action: 'labeled', label: { name: 'agent' } }).labelName).toBe('agent');
    expect(attributes('issues', { action: 'unlabeled' })).not.toHaveProperty('labelName');
  });

  test('a deployment review, whose comment is a plain text, is an event', () => {
    expect(attributes('deployment_review', { comment: 'fine by me' }).event).toBe('deployment_review');
  });
});
