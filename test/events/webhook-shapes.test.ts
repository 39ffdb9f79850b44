import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ATTRIBUTES } from '../../src/events/event.ts';
import { readEvent } from '../../src/events/from-delivery.ts';
import {
  actionsOf,
  contentAt,
  type EventKind,
  eventNames,
  nearestPath,
} from '../../src/events/payload-shapes.ts';
import { mayHave } from '../../src/events/possible.ts';
import { webhookExamples } from '../support/github/webhook-examples.ts';
import { webhookShapes } from '../support/github/webhook-shapes.ts';

const examples = webhookExamples();
const kindOf = ({ event, payload }: (typeof examples)[number]): EventKind => {
  const action = typeof payload.action === 'string' ? payload.action : '';
  return { event, action: event === 'repository_dispatch' ? '*' : action };
};

test('the shapes are those that `npm run events` makes of the installed types and examples', () => {
  const file = new URL('../../src/events/webhook-shapes.json', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(webhookShapes());
});

describe('the shapes', () => {
  test('the shapes know every event and action that @octokit/webhooks knows', async () => {
    const { emitterEventNames } = await import('@octokit/webhooks');
    const unknown = emitterEventNames.filter((name) => {
      const [event = '', action] = name.split('.');
      const known = actionsOf(event);
      return known.length === 0 || (action !== undefined && !known.includes(action) && !known.includes('*'));
    });
    expect(unknown).toEqual([]);
    expect(eventNames().length).toBeGreaterThan(70);
  });

  test('the shapes have every path of every example', () => {
    const absent = examples.flatMap((example) =>
      pathsOf(example.payload).flatMap((keys) =>
        contentAt(kindOf(example), keys) === 'nothing' ? [`${example.title}: ${keys.join('.')}`] : [],
      ),
    );
    expect(absent).toEqual([]);
  });

  test('the shapes allow every attribute that an example has', () => {
    const denied = examples.flatMap((example) => {
      const event = readEvent({
        deliveryId: 'd',
        event: example.event,
        body: JSON.stringify(example.payload),
      });
      const names = ATTRIBUTES.filter((name) => event.attributes[name] !== undefined);
      return [...names, ...(event.labels.length > 0 ? (['labels'] as const) : [])]
        .filter((name) => !mayHave(kindOf(example), name))
        .map((name) => `${example.title}: ${name}`);
    });
    expect(denied).toEqual([]);
  });

  test.each([
    ['issue.title', 'scalar'],
    ['issue.user.login', 'scalar'],
    ['issue.labels.0.name', 'scalar'],
    ['issue.pull_request.url', 'scalar'],
    ['issue', 'parts'],
    ['issue.labels', 'parts'],
    ['issue.titel', 'nothing'],
    ['issue.title.more', 'nothing'],
    ['issue.labels.name', 'nothing'],
    ['comment.body', 'nothing'],
    ['constructor', 'nothing'],
    ['repository.custom_properties.team', 'anything'],
  ])('say of an opened issue that %s holds %s', (path, held) => {
    expect(contentAt({ event: 'issues', action: 'opened' }, path.split('.'))).toBe(held);
  });

  test('the shapes take what a sender chooses, and unknown events, for anything', () => {
    const dispatch = { event: 'repository_dispatch', action: '*' };
    expect(contentAt(dispatch, ['client_payload', 'task'])).toBe('anything');
    expect(contentAt({ event: 'workflow_dispatch', action: '' }, ['inputs', 'x'])).toBe('anything');
    expect(contentAt({ event: 'not_yet', action: 'made' }, ['what', 'ever'])).toBe('anything');
  });

  test.each([
    ['comment.bdy', 'comment.body'],
    ['pull_request.title', 'issue.title'],
    ['issue.labels.name', 'issue.labels.0.name'],
    ['isue.number', 'issue.number'],
    ['nothing.like.this.at.all', undefined],
  ])('have near %s of a comment %s', (path, near) => {
    expect(nearestPath({ event: 'issue_comment', action: 'created' }, path.split('.'))).toBe(near);
  });
});

function pathsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner).map((rest) => [key, ...rest]));
}
