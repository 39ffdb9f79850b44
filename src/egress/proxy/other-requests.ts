import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { systemCode } from '../../base/errors.ts';
import { createRequestLog } from '../egress-request.ts';
import { type EgressRefusal, malformedConnect, plainHttp, tooManyConnections } from '../refusals.ts';
import { answerRefused, refusalHeaders, refusalText } from './answer.ts';
import type { ConnectionParts } from './connection.ts';

/** Sockets that have asked for nothing yet, or are being refused, for each connection that a run may have. */
const SOCKETS_PER_CONNECTION = 2;

/** Answers whatever is not CONNECT: plain HTTP is told what is possible, bytes that are no HTTP end. */
export function refuseOtherRequests(server: Server, parts: ConnectionParts): void {
  const refuse = (request: IncomingMessage, response: ServerResponse): void => {
    const refusal = plainHttp(parts.list);
    parts.state.refused.add(request.socket);
    createRequestLog(parts.onRequest, parts.clock, askedFor(request))('refused', refusal);
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
function askedFor({ url = '', headers }: IncomingMessage): { host: string; port: number } {
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

/** The sockets that are open. Above a bound they are closed unheard, and told once until there is room again. */
export function limitSockets(server: Server, parts: ConnectionParts): ReadonlySet<Socket> {
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
