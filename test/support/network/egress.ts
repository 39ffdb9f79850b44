import { request } from 'node:http';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { parseAllowList } from '../../../src/egress/allow-list.ts';
import type { EgressRequest } from '../../../src/egress/egress-request.ts';
import { EGRESS_LIMITS, type EgressLimits } from '../../../src/egress/limits.ts';
import {
  createEgress,
  EGRESS_SOCKET,
  type Egress,
  type EgressOptions,
} from '../../../src/egress/proxy/sockets.ts';
import { hostLists } from '../../../src/egress/shipped-lists.ts';
import { temporaryDirectory } from '../suite/temporary.ts';
import { selfSigned } from './certificate.ts';

/** The host that the tests' own servers on loopback go by. */
export const HOST = 'git.example.org';

/** One certificate for all servers of a test file. */
export const certificate = selfSigned(HOST, 'other.example.org', 'a.example.org');

/** A run with an allow list, its proxy on a real socket, and everything that was told of its requests. */
export type EgressRun = {
  egress: Egress;
  dir: string;
  socketPath: string;
  requests: EgressRequest[];
  /** The refusals' and ends' codes so far; what was granted or ended well is left out. */
  reasons(): (string | null)[];
  reopen(): Promise<void>;
};

/** What a test changes. `addresses` is the DNS: names that are not in it do not exist. */
export type EgressChanges = Partial<Omit<EgressOptions, 'limits'>> & {
  allow?: string[];
  limits?: Partial<EgressLimits>;
  addresses?: Record<string, readonly string[]>;
};

/** Opens a run's proxy, closed with the test. Everything leads to loopback, which the policy lets it reach on `port`. */
export async function egressRun(port: number, changes: EgressChanges = {}): Promise<EgressRun> {
  const { allow, limits, addresses = { [HOST]: ['127.0.0.1'] }, ...options } = changes;
  const dir = await temporaryDirectory();
  const requests: EgressRequest[] = [];
  const egress = createEgress({
    dirOf: () => dir,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    privateHosts: [`${HOST}:${port}`],
    resolve: async (host) => addresses[host] ?? [],
    limits: { ...EGRESS_LIMITS, ...limits },
    ...options,
  });
  const { list, problems } = parseAllowList(
    allow ?? [`${HOST}:${port}`],
    hostLists([]),
    options.privateHosts,
  );
  if (problems[0]) throw new Error(problems[0].message);
  const reopen = async (): Promise<void> => await egress.open('run', list, (each) => requests.push(each));
  await reopen();
  onTestFinished(async () => await egress.closeAll());
  const reasons = (): (string | null)[] =>
    requests.map(({ reason }) => reason).filter((reason) => reason !== null);
  return { egress, dir, socketPath: join(dir, EGRESS_SOCKET), requests, reasons, reopen };
}

/** A socket that is destroyed with the test. */
export async function openSocket(path: string): Promise<Socket> {
  const socket = connectSocket({ path, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** The answer to a CONNECT; `socket` goes on from there. */
export type ConnectAnswer = { status: number; socket: Socket; text: string };

/** Sends CONNECT and gives the answer. */
export async function askConnect(socketPath: string, target: string): Promise<ConnectAnswer> {
  return await new Promise((resolve, reject) => {
    const asking = request({ socketPath, method: 'CONNECT', path: target, agent: false });
    asking.on('error', reject).on('connect', (answer, socket, head) => {
      socket.on('error', () => {});
      onTestFinished(() => void socket.destroy());
      const status = answer.statusCode ?? 0;
      if (status === 200) return resolve({ status, socket, text: head.toString() });
      let text = head.toString();
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve({ status, socket, text }));
    });
    asking.end();
  });
}

/** CONNECT and then TLS that names `servername`, as a well-meaning client does. */
export async function secureConnect(
  socketPath: string,
  target: string,
  servername = target.split(':')[0] ?? '',
): Promise<TLSSocket> {
  const { status, socket, text } = await askConnect(socketPath, target);
  if (status !== 200) throw new Error(`${status} ${text}`);
  const secure = connectTls({ socket, servername, ca: certificate.cert, ALPNProtocols: ['http/1.1'] });
  return await new Promise((resolve, reject) => {
    secure.once('error', reject).once('secureConnect', () => resolve(secure));
    secure.once('close', () => reject(new Error('closed before TLS was there')));
  });
}

/** A listener on loopback, and how many connections it had. */
export type TestServer = { port: number; connections: () => number };

/** A TLS server that sends back what it gets, closed with the test. */
export async function echoServer(host = '127.0.0.1'): Promise<TestServer> {
  const server = createTlsServer({ ...certificate, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  return await listenFor(server, host);
}

/** A plain TCP server, closed with the test. */
export async function plainServer(onSocket: (socket: Socket) => void): Promise<TestServer> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
  return await listenFor(server, '127.0.0.1');
}

async function listenFor(server: ReturnType<typeof createServer>, host: string): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, connections: () => connections };
}

/** Everything that comes until the other side ends or the connection breaks. */
export async function readAll(socket: Socket | TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve).once('error', resolve));
  return Buffer.concat(chunks);
}
