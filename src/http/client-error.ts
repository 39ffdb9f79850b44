import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { systemCode } from '../base/errors.ts';
import type { Refusal } from '../ingress/errors.ts';
import { headersTooLarge, headersTooSlow, malformedRequest } from './errors.ts';

/** How long a connection that was refused stays open for its answer to arrive. */
const LINGER_MS = 2000;

/** Node's codes for what its parser gives up on; everything else is malformed. */
const REFUSALS: Readonly<Record<string, () => Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: headersTooSlow,
  HPE_HEADER_OVERFLOW: headersTooLarge,
};

/** The refusal of a connection whose request Node could not read. */
export function clientRefusal(error: Error): Refusal {
  return (REFUSALS[systemCode(error) ?? ''] ?? malformedRequest)();
}

/** Answers on a bare connection, where no request is there to answer, and closes it. */
export function refuseConnection(socket: Duplex, refusal: Refusal, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = JSON.stringify({ error: refusal.toProblem() });
  const headers = {
    ...refusal.headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${text}`);
  socket.on('error', () => socket.destroy());
  const timer = clock.after(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.stop());
}
