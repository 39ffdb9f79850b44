import { describe, expect, test } from 'vitest';
import { ATTRIBUTES } from '../../src/events/event.ts';
import { hasUniqueBody, readEvent } from '../../src/events/from-delivery.ts';
import { webhookExamples } from '../support/github/webhook-examples.ts';

const examples = webhookExamples();
/** What looks like a commit and is none: a tree, a file, or what a deleted branch was at. */
const NO_COMMITS = /"(?:tree_id|sha1|before|blob_sha)":"[0-9a-f]{40}"/g;

const read = ({ event, payload }: (typeof examples)[number]) =>
  readEvent({ deliveryId: 'd1', event, body: Buffer.from(JSON.stringify(payload)) });

describe('the payloads of @octokit/webhooks-examples', () => {
  test('there are hundreds of examples, of every event', () => {
    expect(examples.length).toBeGreaterThan(700);
    expect(new Set(examples.map(({ event }) => event)).size).toBeGreaterThan(60);
  });

  test('each example becomes an event with its name, action, sender and repository', () => {
    for (const example of examples) {
      const event = read(example);
      const { repository, sender, action } = example.payload as {
        repository?: { full_name: string; id: number };
        sender?: { login: string; type: string };
        action?: string;
      };
      expect(event.attributes.event, example.title).toBe(example.event);
      expect(event.action, example.title).toBe(action);
      expect(event.attributes.repository, example.title).toBe(repository?.full_name);
      expect(event.repository?.id, example.title).toBe(repository?.id);
      expect(event.actor?.login, example.title).toBe(sender?.login);
      expect(event.attributes.actorType, example.title).toBe(sender?.type);
      expect(event.payload).toEqual(example.payload);
    }
  });

  test('examples without a repository are events without a repository', () => {
    const without = examples.filter(({ payload }) => payload.repository === undefined);
    expect(without.length).toBeGreaterThan(0);
    for (const example of without) {
      expect(read(example).repository, example.title).toBeUndefined();
      expect(read(example).attributes, example.title).not.toHaveProperty('repository');
    }
  });

  test('each example that carries a commit names it, or is about a pull request', () => {
    // The pages of a wiki are commits of another repository.
    const others = ['gollum', 'pull_request', 'pull_request_review', 'pull_request_review_comment'];
    const carrying = examples.filter(({ payload }) => {
      const { repository: _repository, pull_request, ...own } = payload;
      return (
        pull_request === undefined && /"[0-9a-f]{40}"/.test(JSON.stringify(own).replaceAll(NO_COMMITS, ''))
      );
    });
    const silent = carrying.filter((example) => {
      const { commit, pullRequest } = read(example);
      return commit === undefined && pullRequest === undefined && !others.includes(example.event);
    });
    expect(carrying.length).toBeGreaterThan(100);
    // A branch that was deleted is at no commit, and an alert that somebody closed is about none.
    const known = (title: string): boolean => / push /.test(title) || title.endsWith('code_scanning_alert 1');
    expect(silent.map(({ title }) => title).filter((title) => !known(title))).toEqual([]);
  });

  test('every attribute is a scalar and every one of them is seen', () => {
    const seen = new Set<string>();
    for (const example of examples)
      for (const [name, value] of Object.entries(read(example).attributes)) {
        expect(['string', 'number', 'boolean'], `${example.title} ${name}`).toContain(typeof value);
        seen.add(name);
      }
    expect([...ATTRIBUTES].filter((name) => !seen.has(name))).toEqual(['command']);
  });

  test.each([
    ['issue_comment', true],
    ['issues', true],
    ['pull_request', true],
    ['pull_request_review_comment', true],
    ['discussion_comment', true],
    ['push', true],
    ['release', true],
    ['workflow_run', true],
    ['status', true],
    ['watch', false],
    ['ping', false],
    ['public', false],
    ['membership', false],
  ])('the body of %s is the only one of its kind: %s', (name, unique) => {
    const bodies = examples.filter(({ event, payload }) => event === name && payload.deleted !== true);
    expect(bodies.map(({ payload }) => hasUniqueBody(payload))).toEqual(bodies.map(() => unique));
  });
});
