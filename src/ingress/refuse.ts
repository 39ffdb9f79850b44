import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import { Refusal } from './errors.ts';

/** How long the rest of a refused body is read and thrown away. */
const DISCARD_MS = 2000;

/** Answers with JSON. */
export function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, jsonHeaders(text, headers)).end(text);
}

/** The status an error is answered with: its own, 400 when the sender is to blame, else 500. */
export function httpStatus(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  return asFlowError(error).blame === 'sender' ? 400 : 500;
}

/**
 * Answers an error at once as `{"error": {"code", "message", "hint"}}`. When the body has not arrived whole, the
 * rest is thrown away for two seconds at most before the connection is closed: closing it with bytes unread
 * would reset it, and the sender would never see the answer (https://www.rfc-editor.org/rfc/rfc9112#section-9.6).
 */
export function refuse(
  exchange: { request: IncomingMessage; response: ServerResponse },
  error: unknown,
  clock: Clock,
): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) return;
  const status = httpStatus(error);
  const body = { error: asFlowError(error).toProblem() };
  const headers = error instanceof Refusal ? error.headers : {};
  if (request.complete || !hasBody(request)) {
    answer(response, status, body, headers);
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, jsonHeaders(text, { ...headers, connection: 'close' }));
  response.write(text);
  const timer = clock.after(DISCARD_MS, () => request.socket.destroy());
  request
    .once('end', () => response.end())
    .once('close', () => timer.stop())
    .resume();
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
}

function jsonHeaders(
  text: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string | number> {
  return {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  };
}
