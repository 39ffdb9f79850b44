import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGitHubClient } from '../../src/github/client.ts';
import {
  changeInDiscussion,
  commentInDiscussion,
  discussionComments,
  reactInDiscussion,
} from '../../src/github/discussions.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';

const clientOf = (apiUrl: string) =>
  createGitHubClient({ apiUrl, token: async () => 'a-token', log: pino({ level: 'silent' }) });

let github: GitHubApi;
beforeEach(async () => {
  github = await startGitHubApi();
  const theirs = { id: 'DC_1', databaseId: 1, body: 'Hello?', author: 'octocat' };
  github.discussions.comments.D_1 = [theirs];
});
afterEach(async () => await github.close());

describe('a discussion', () => {
  test('a discussion gets a comment that is found again as our own, and changed', async () => {
    const client = clientOf(github.url);
    const comment = await commentInDiscussion(client, { discussion: 'D_1', body: 'Working on it.' });
    expect(await discussionComments(client, 'D_1')).toEqual([{ ...comment, body: 'Working on it.' }]);
    await changeInDiscussion(client, { comment: comment.node, body: 'Done.' });
    expect(github.discussions.comments.D_1?.map(({ body }) => body)).toEqual(['Hello?', 'Done.']);
  });

  test('a discussion and each comment in it take a reaction', async () => {
    await reactInDiscussion(clientOf(github.url), { subject: 'D_1', content: 'eyes' });
    await reactInDiscussion(clientOf(github.url), { subject: 'DC_1', content: '+1' });
    expect(github.discussions.reactions).toEqual([
      { subject: 'D_1', content: 'EYES' },
      { subject: 'DC_1', content: 'THUMBS_UP' },
    ]);
  });

  test('a discussion that is gone is not found', async () => {
    await expect(discussionComments(clientOf(github.url), 'D_2')).rejects.toMatchObject({
      code: 'github_not_found',
      message: expect.stringContaining('request ABCD:1234:STANDIN'),
    });
  });

  test.each([
    ['FORBIDDEN', 'github_refused'],
    ['INSUFFICIENT_SCOPES', 'github_refused'],
    ['NOT_FOUND', 'github_not_found'],
    ['RATE_LIMITED', 'github_rate_limited'],
    ['UNPROCESSABLE', 'github_invalid'],
    [undefined, 'github_invalid'],
  ])('whose answer holds an error of the type %s throws %s with what GitHub says', async (type, code) => {
    github.misbehave({ body: { data: null, errors: [{ type, message: 'No, you may not.' }] } }, 9);
    const asked = commentInDiscussion(clientOf(github.url), { discussion: 'D_1', body: 'x' });
    await expect(asked).rejects.toMatchObject({
      code,
      message: expect.stringContaining('No, you may not.'),
    });
  });

  test.each([
    [{}],
    [{ data: null }],
    [{ data: 'text' }],
    [{ data: {} }],
    [{ data: { addDiscussionComment: null } }],
    [{ data: { addDiscussionComment: { comment: { id: 7, databaseId: 'x' } } } }],
    [[]],
  ])('whose answer is %j is unreadable', async (body) => {
    github.misbehave({ body });
    const asked = commentInDiscussion(clientOf(github.url), { discussion: 'D_1', body: 'x' });
    await expect(asked).rejects.toMatchObject({ code: 'github_answer_unreadable' });
  });
});

test.each([
  ['', '/graphql'],
  ['/api/v3', '/api/graphql'],
  ['/api/v3/', '/api/graphql'],
])('an API at %j has GraphQL at %j', async (path, where) => {
  const seen: { url: string | undefined; body: unknown }[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ url: request.url, body: await json(request) });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: { addReaction: {} } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await reactInDiscussion(clientOf(`http://127.0.0.1:${port}${path}`), { subject: 'D_1', content: 'eyes' });
    expect(seen).toEqual([
      { url: where, body: { query: expect.any(String), variables: { subject: 'D_1', content: 'EYES' } } },
    ]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
