import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createGitHubClient } from '../../src/github/client.ts';
import { createComment, updateComment } from '../../src/github/issues.ts';
import { createPullRequest } from '../../src/github/pull-requests.ts';

const log = pino({ level: 'silent' });

type Seen = {
  path: string | undefined;
  method: string | undefined;
  token: string | undefined;
  body: unknown;
};

/** A server that leads every address of octo/old to where `to` says, and takes comments elsewhere. */
async function serve(to: (own: string) => string, status = 307): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server: Server = createServer(async (request: IncomingMessage, response) => {
    const { url: path, method, headers } = request;
    seen.push({
      path,
      method,
      token: headers.authorization,
      body: await json(request).catch(() => undefined),
    });
    response.setHeader('content-type', 'application/json');
    if (path?.includes('/octo/old/')) response.writeHead(status, { location: to(url) }).end('{}');
    else response.writeHead(201).end(JSON.stringify({ id: 7, html_url: 'https://github.example/7' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => void (await new Promise((resolve) => server.close(resolve))));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen };
}

const comment = async (apiUrl: string) =>
  await createComment(createGitHubClient({ apiUrl, token: async () => 'a-token', log }), {
    owner: 'octo',
    repo: 'old',
    number: 1,
    body: 'Hello.',
  });

test.each([301, 302, 307, 308])(
  'a comment on a repository that was renamed arrives where GitHub leads by %i, with its text and the token, and is changed there',
  async (status) => {
    const { url, seen } = await serve((own) => `${own}/repositories/42/issues/1/comments`, status);
    const { id, moved } = await comment(url);
    expect({ id, moved }).toEqual({ id: 7, moved: { at: '/repositories/42', number: 1 } });
    expect(seen.at(-1)).toEqual({
      path: '/repositories/42/issues/1/comments',
      method: 'POST',
      token: 'Bearer a-token',
      body: { body: 'Hello.' },
    });
    const client = createGitHubClient({ apiUrl: url, token: async () => 'a-token', log });
    await updateComment(client, { owner: 'octo', repo: 'old', moved, id, body: 'New.' });
    expect(seen.at(-1)).toMatchObject({ path: '/repositories/42/issues/comments/7', method: 'PATCH' });
  },
);

test.each([301, 302, 307, 308])('a pull request and a change are made where %i leads', async (status) => {
  const { url, seen } = await serve(() => '/repos/octo/new/pulls', status);
  const client = createGitHubClient({ apiUrl: url, token: async () => 'a-token', log });
  const pull = { head: 'x', base: 'main', title: 'A title', body: 'A text', draft: false };
  await createPullRequest(client, { owner: 'octo', repo: 'old', ...pull }).catch(() => undefined);
  await updateComment(client, { owner: 'octo', repo: 'old', id: 3, body: 'New.' });
  expect(seen.filter(({ path }) => path === '/repos/octo/new/pulls')).toMatchObject([
    { method: 'POST', body: pull },
    { method: 'PATCH', body: { body: 'New.' } },
  ]);
});

test('a redirection that never ends is given up', async () => {
  const { url, seen } = await serve((own) => `${own}/repos/octo/old/issues/1/comments`);
  await expect(comment(url)).rejects.toMatchObject({ code: 'github_redirect_refused' });
  expect(seen.length).toBeLessThan(10);
});

test('a redirection to another host gets neither the token nor the text', async () => {
  const elsewhere = await serve((own) => own);
  const { url } = await serve(() => `${elsewhere.url}/repositories/42/issues/1/comments`);
  await expect(comment(url)).rejects.toMatchObject({
    code: 'github_redirect_refused',
    message: expect.stringContaining(new URL(elsewhere.url).host),
  });
  expect(elsewhere.seen).toEqual([]);
});
