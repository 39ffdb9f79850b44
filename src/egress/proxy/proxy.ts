import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemCode } from '../../base/errors.ts';
import { createRequestLog } from '../egress-request.ts';
import {
  type EgressRefusal,
  malformedConnect,
  plainHttp,
  proxyClosed,
  tooManyConnections,
} from '../refusals.ts';
import { answerRefused, refusalHeaders, refusalText } from './answer.ts';
import { type ConnectionParts, serveConnect } from './connection.ts';

/** What one run's proxy is made of. */
export type ProxyOptions = Omit<ConnectionParts, 'state'>;

/** A proxy that does not listen yet; `close` ends all its connections, reports each, and resolves when they are gone. */
type Proxy = { server: Server; close(): Promise<void> };

const MOST_HEADER_BYTES = 8 * 1024;

/** A proxy that does CONNECT to the hosts of one list, for TLS that names them, and nothing else. */
export function createProxy(options: ProxyOptions): Proxy {
  const { limits } = options;
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.requestMs / 10,
    requireHostHeader: false,
  });
  const closing = new AbortController();
  const state = { open: 0, spent: 0, closing: closing.signal, refused: new WeakSet<Duplex>() };
  const parts = { ...options, state };
  const tunnels = new Set<Promise<void>>();
  server.on('connect', (request, client: Duplex, head: Buffer) => {
    const tunnel = serveConnect(parts, { target: request.url ?? '', client, head });
    tunnels.add(tunnel);
    void tunnel.then(() => tunnels.delete(tunnel));
  });
  refuseOtherRequests(server, parts);
  const sockets = limitSockets(server, parts);
  return {
    server,
    async close() {
      closing.abort(proxyClosed());
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, ...tunnels]);
    },
  };
}

/** How many sockets are accepted for each connection that a run may have: some have sent no request yet, others are being refused. */
const SOCKETS_PER_CONNECTION = 2;

/** Answers whatever is not CONNECT: plain HTTP gets an answer that names what is possible, and bytes that are no HTTP are closed. */
function refuseOtherRequests(server: Server, parts: ConnectionParts): void {
  const refuse = (request: IncomingMessage, response: ServerResponse): void => {
    const refusal = plainHttp(parts.list);
    parts.state.refused.add(request.socket);
    createRequestLog(parts.onRequest, parts.clock, requestedHost(request))('refused', refusal);
    const text = refusalText(refusal);
    response.writeHead(refusal.status, refusalHeaders(refusal, text)).end(text);
  };
  server.on('request', refuse).on('checkContinue', refuse).on('checkExpectation', refuse);
  server.on('clientError', (error, socket) => {
    const refusal = unreadable(systemCode(error));
    if (!refusal || !socket.writable) {
      socket.destroy();
      return;
    }
    createRequestLog(parts.onRequest, parts.clock, NOWHERE)('refused', refusal);
    answerRefused(socket, refusal, parts.clock);
  });
}

const NOWHERE = { host: '', port: 0 };

/** Where plain HTTP wanted to go, by its address or its Host header. */
function requestedHost({ url = '', headers }: IncomingMessage): { host: string; port: number } {
  const address = URL.canParse(url) ? url : `http://${headers.host ?? ''}`;
  if (!URL.canParse(address)) return NOWHERE;
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port || 80) };
}

/** Node's codes for what its parser gives up on; a client that broke off needs no answer. */
function unreadable(code: string | undefined): EgressRefusal | undefined {
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return malformedConnect(431, 'its headers are larger than 8 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return malformedConnect(408, 'it did not come in time');
  return malformedConnect(400, 'it is no HTTP');
}

/** The sockets that are open. Above a bound they are closed unread, and reported once until there is room again. */
function limitSockets(server: Server, parts: ConnectionParts): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  let isFull = false;
  server.maxConnections = parts.limits.connections * SOCKETS_PER_CONNECTION;
  server.on('connection', (socket) => {
    isFull = false;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('drop', () => {
    if (isFull) return;
    isFull = true;
    createRequestLog(
      parts.onRequest,
      parts.clock,
      NOWHERE,
    )('refused', tooManyConnections(server.maxConnections));
  });
  return sockets;
}
