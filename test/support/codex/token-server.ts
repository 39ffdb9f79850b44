import { chmodSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { type FakeLogin, fakeLogin } from './login.ts';

/** A stand-in for OpenAI's token server, whose refresh tokens are single-use. */
export type TokenServer = {
  /** The refresh tokens it was shown, in order. */
  shown: string[];
  /** Whether it would take this refresh token now. */
  takes(refreshToken: string): boolean;
  /** Answers this many requests with status 500, and exchanges nothing. */
  fail(times: number): void;
  /** From now on a token is exchanged at once, but the answer waits until the function it gives is called. */
  hold(): () => void;
  close(): Promise<void>;
};

/** Serves the exchange of refresh tokens as `issuer.sock` in `dir`; new access tokens last `lifeMs`. */
export async function serveTokensIn(dir: string, first: FakeLogin, lifeMs: number): Promise<TokenServer> {
  const shown: string[] = [];
  let valid = first.refreshToken;
  let failures = 0;
  let answering = Promise.resolve();
  const server = createServer(async (request, response) => {
    if (request.url !== '/oauth/token') {
      response.writeHead(404).end();
      return;
    }
    const { refresh_token } = (await json(request)) as { refresh_token: string };
    shown.push(refresh_token);
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (failures > 0) {
      failures -= 1;
      answer(500, {});
      return;
    }
    if (refresh_token !== valid) {
      answer(401, { error: { message: 'Already used', code: 'refresh_token_reused' } });
      return;
    }
    valid = `rt_exchanged_${shown.length}_0123456789`;
    const login = fakeLogin(Date.now() + lifeMs);
    const body = { id_token: login.idToken, access_token: login.accessToken, refresh_token: valid };
    await answering;
    answer(200, body);
  });
  const directory = await open(dir, 'r');
  const socket = `/proc/self/fd/${directory.fd}/issuer.sock`;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  chmodSync(socket, 0o666);
  return {
    shown,
    takes: (refreshToken) => refreshToken === valid,
    fail(times) {
      failures = times;
    },
    hold() {
      const held = Promise.withResolvers<void>();
      answering = held.promise;
      return held.resolve;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await directory.close();
    },
  };
}
