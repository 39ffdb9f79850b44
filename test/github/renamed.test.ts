import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createGitHubClient } from '../../src/github/client.ts';
import { createComment } from '../../src/github/issues.ts';

const log = pino({ level: 'silent' });

type Seen = {
  path: string | undefined;
  method: string | undefined;
  token: string | undefined;
  body: unknown;
};

/** A server that leads every address of octo/old to where `to` says, and takes comments elsewhere. */
async function serve(to: (own: string) => string): Promise<{ url: string; seen: Seen[] }> {
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
    if (path?.includes('/octo/old/')) response.writeHead(307, { location: to(url) }).end('{}');
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

test('a comment on a repository that was renamed arrives where GitHub leads, with its text and the token', async () => {
  const { url, seen } = await serve((own) => `${own}/repositories/42/issues/1/comments`);
  expect(await comment(url)).toMatchObject({ id: 7 });
  expect(seen.at(-1)).toEqual({
    path: '/repositories/42/issues/1/comments',
    method: 'POST',
    token: 'Bearer a-token',
    body: { body: 'Hello.' },
  });
});

test('a redirection to another host never gets the token', async () => {
  const elsewhere = await serve((own) => own);
  const { url } = await serve(() => `${elsewhere.url}/repositories/42/issues/1/comments`);
  await comment(url).catch(() => undefined);
  expect(elsewhere.seen.map(({ token }) => token)).toEqual([undefined]);
});
