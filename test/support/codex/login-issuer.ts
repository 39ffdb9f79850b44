import { chmodSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { execOk } from '../../../src/programs/exec.ts';
import { agentImage } from '../engine/images.ts';
import type { FakeLogin } from './login.ts';

/** What the issuer was asked: path and body. */
export type IssuerRequest = { path: string; body: string };

/** A stand-in for OpenAI's login server. */
export type LoginIssuer = {
  requests: IssuerRequest[];
  /** Lets the person have entered the code. */
  approve(): void;
  close(): Promise<void>;
};

/** Where Codex thinks that the issuer is. */
export const ISSUER_URL = 'http://127.0.0.1:9876';

/**
 * Serves OpenAI's device login as `issuer.sock` in `dir`:
 * https://github.com/openai/codex/blob/main/codex-rs/login/src/device_code_auth.rs
 * With a `status` it answers every request with that and nothing else.
 */
export async function serveIssuerIn(dir: string, login: FakeLogin, status?: number): Promise<LoginIssuer> {
  const requests: IssuerRequest[] = [];
  let isApproved = false;
  const answers: Record<string, () => object | undefined> = {
    '/api/accounts/deviceauth/usercode': () => ({
      device_auth_id: 'device-1',
      user_code: 'ABCD-12345',
      interval: '1',
    }),
    '/api/accounts/deviceauth/token': () =>
      isApproved
        ? { authorization_code: 'code-1', code_challenge: 'challenge', code_verifier: 'verifier' }
        : undefined,
    '/oauth/token': () => ({
      id_token: login.idToken,
      access_token: login.accessToken,
      refresh_token: login.refreshToken,
    }),
  };
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    requests.push({ path, body: await text(request) });
    const body = status === undefined ? answers[path]?.() : undefined;
    response.writeHead(status ?? (body ? 200 : 403), { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  const directory = await open(dir, 'r');
  const socket = `/proc/self/fd/${directory.fd}/issuer.sock`;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  chmodSync(socket, 0o666);
  return {
    requests,
    approve: () => {
      isApproved = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await directory.close();
    },
  };
}

/**
 * In front of the real Codex: leads the issuer's address to the socket in the state directory, and names it. A script
 * `terminal.sh` in the state takes the place of the interactive Codex.
 */
const WRAPPER = `#!/bin/sh
if [ $# -eq 0 ]; then exec sh "$CODEX_HOME/terminal.sh"; fi
socat TCP-LISTEN:9876,bind=127.0.0.1,reuseaddr,fork UNIX-CONNECT:"$CODEX_HOME/issuer.sock" < /dev/null > /dev/null 2>&1 &
until socat -u /dev/null TCP:127.0.0.1:9876 2> /dev/null; do sleep 0.05; done
if [ "$1" = login ]; then set -- "$@" --experimental_issuer ${ISSUER_URL}; fi
exec /opt/codex/bin/codex "$@"
`;

/** The agent image with an issuer of the test's own; gives its name and its end. */
export async function makeLoginImage(): Promise<{ name: string; remove(): Promise<void> }> {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' };
  const docker = async (args: string[], input?: string): Promise<string> =>
    (await execOk('docker', args, { env, timeoutMs: 60_000, ...(input ? { input } : {}) })).trim();
  const name = `github-flows-test-login:${process.pid}`;
  const install = 'cat > /usr/local/sbin/codex && chmod 755 /usr/local/sbin/codex';
  const container = `gf-test-login-image-${process.pid}`;
  const run = ['run', '-i', '--network=none', '--user=0:0', `--name=${container}`];
  await docker([...run, agentImage(), 'sh', '-c', install], WRAPPER);
  const tokens = `--change=ENV CODEX_REFRESH_TOKEN_URL_OVERRIDE=${ISSUER_URL}/oauth/token`;
  await docker(['commit', '--change=USER user', tokens, container, name]);
  await docker(['rm', '-f', container]);
  return { name, remove: async () => void (await docker(['rmi', '-f', name])) };
}
