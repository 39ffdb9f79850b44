import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Certificate } from '../network/certificate.ts';
import { spawnProgram } from '../processes/spawn-program.ts';

/** How the server behaves from now on; set fields, read at each request. */
export type GitServerMood = {
  /** Basic auth with this password is wanted, as for a private repository; 401 without, as GitHub does. */
  token: string | undefined;
  /** Instead of one token: which passwords are good; whoever has one may push. */
  accepts: ((password: string) => boolean) | undefined;
  /** Every request is answered with this status instead, and with these words. */
  status: number | undefined;
  words: string;
  /** Every push is answered with this status instead. */
  pushStatus: number | undefined;
  /** Milliseconds before each answer. */
  delayMs: number;
  /** Nothing is ever answered. */
  silent: boolean;
  /** The connection is cut after this many bytes of a pack. */
  cutAfterBytes: number | undefined;
};

/** One request as it came; `authorization` is the decoded user and password, if any. */
export type GitRequest = {
  method: string;
  url: string;
  protocol: string | undefined;
  authorization: string | undefined;
};

/** A real git server over HTTP on loopback: `git http-backend` behind node. Repositories are `<root>/<owner>/<name>.git`. */
export type GitServer = {
  url: string;
  /** Answers on a unix socket too, that everybody may connect to. */
  listenAt(socket: string): Promise<void>;
  mood: GitServerMood;
  requests: GitRequest[];
  /** Fetches that are under way, and the most that ever were at once. */
  fetches: { now: number; most: number; total: number };
  close(): Promise<void>;
};

const BACKEND = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

/** With `tls` the server speaks HTTPS, as `localhost`. */
export async function startGitServer(root: string, tls?: Certificate): Promise<GitServer> {
  const mood: GitServerMood = {
    token: undefined,
    accepts: undefined,
    status: undefined,
    words: '',
    pushStatus: undefined,
    delayMs: 0,
    silent: false,
    cutAfterBytes: undefined,
  };
  const requests: GitRequest[] = [];
  const fetches = { now: 0, most: 0, total: 0 };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const authorization = credentials(request);
    requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      protocol: request.headers['git-protocol']?.toString(),
      authorization,
    });
    if (mood.silent) return;
    setTimeout(() => {
      if (mood.status !== undefined)
        return void response.writeHead(mood.status, { 'content-type': 'text/plain' }).end(mood.words);
      const isPush = request.url?.includes('git-receive-pack');
      if (isPush && mood.pushStatus !== undefined) return void response.writeHead(mood.pushStatus).end();
      const password = authorization?.split(':')[1];
      const refused = mood.accepts
        ? password === undefined || !mood.accepts(password)
        : mood.token !== undefined && password !== mood.token;
      if (refused) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      if (!existsSync(join(root, repositoryOf(request))))
        return void response.writeHead(404).end('Not Found');
      if (request.url?.endsWith('/git-upload-pack')) track(response, fetches);
      answer(root, request, response, mood);
    }, mood.delayMs);
  };
  const open = (): Server => (tls ? createTlsServer(tls, listener) : createServer(listener));
  const server = open();
  const others: Server[] = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    async listenAt(socket) {
      const other = open();
      others.push(other);
      await new Promise<void>((resolve) => other.listen(socket, resolve));
      chmodSync(socket, 0o666);
    },
    mood,
    requests,
    fetches,
    async close() {
      for (const each of [server, ...others]) {
        each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  };
}

function track(response: ServerResponse, fetches: GitServer['fetches']): void {
  fetches.now += 1;
  fetches.total += 1;
  fetches.most = Math.max(fetches.most, fetches.now);
  response.once('close', () => {
    fetches.now -= 1;
  });
}

function credentials(request: IncomingMessage): string | undefined {
  const encoded = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
}

function repositoryOf(request: IncomingMessage): string {
  return /^\/[^/]+\/[^/?]+/.exec(request.url ?? '')?.[0] ?? '/';
}

function answer(root: string, request: IncomingMessage, response: ServerResponse, mood: GitServerMood): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const child = spawnProgram(BACKEND, [], {
    env: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REMOTE_ADDR: '127.0.0.1',
      ...(mood.accepts ? { REMOTE_USER: credentials(request)?.split(':')[0] ?? '' } : {}),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  response.once('close', () => child.kill());
  let head = Buffer.alloc(0);
  let sent = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    let body = chunk;
    if (!response.headersSent) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      writeHead(response, head.subarray(0, end).toString());
      body = head.subarray(end + 4);
    }
    sent += body.length;
    if (mood.cutAfterBytes !== undefined && path.endsWith('/git-upload-pack') && sent > mood.cutAfterBytes) {
      response.destroy();
      return;
    }
    if (!response.write(body)) {
      child.stdout.pause();
      response.once('drain', () => child.stdout.resume());
    }
  });
  child.stdout.once('end', () => response.end());
}

function writeHead(response: ServerResponse, text: string): void {
  const headers = new Map(
    text
      .split('\r\n')
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
  );
  const status = Number.parseInt(headers.get('status') ?? '200', 10);
  headers.delete('status');
  response.writeHead(status, Object.fromEntries(headers));
}
