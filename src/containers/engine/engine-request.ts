import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import type Docker from 'dockerode';
import { formatBytes } from '../../base/bytes.ts';
import { cutText } from '../../base/text.ts';
import { answerInvalid, engineRedirects } from '../errors.ts';

/** The longest answer that is taken into memory; a list of ten thousand containers has a fifth of it. */
const MOST_BYTES = 64 * 1024 ** 2;

/** How many characters of an engine’s error text are kept; what answers instead of an engine may send whole pages. */
const MAX_ERROR_TEXT = 2_000;

/** What dockerode says of a call: which statuses are answers, and whether the answer is a stream. */
type CallContext = {
  isStream?: boolean;
  hijack?: boolean;
  statusCodes: Readonly<Record<number, unknown>>;
};

type Data = string | Buffer | undefined;

type Done = (error: unknown, answer?: unknown) => void;

/**
 * Replaces docker-modem's sending of requests. That one follows redirects with requests that have no error listener (an
 * error ends the process), waits for ever for an answer that breaks off, and takes an answer of any length into memory.
 * Here each call settles exactly once, and nothing is thrown later; `signal` ends every request of this `docker`.
 */
export function replaceSending(
  docker: Docker,
  { secure, signal }: { secure: boolean; signal: AbortSignal },
): void {
  const request = secure ? httpsRequest : httpRequest;
  const buildRequest = (options: RequestOptions, context: CallContext, data: Data, done: Done): void => {
    try {
      send(request({ ...options, signal }), context, data, done);
    } catch (error) {
      done(error);
    }
  };
  Object.assign(docker.modem, { buildRequest });
}

function send(request: ClientRequest, context: CallContext, data: Data, done: Done): void {
  let isSettled = false;
  const settle: Done = (error, answer) => {
    if (isSettled) return;
    isSettled = true;
    // dockerode reads some answers before it looks at them.
    try {
      done(error, answer);
    } catch (thrown) {
      done(thrown);
    }
  };
  request.on('error', settle);
  request.on('close', () => settle(brokenOff()));
  request.on('upgrade', (_answer: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', settle);
    if (context.hijack !== true || isSettled) {
      socket.destroy();
      settle(answerInvalid('it changed the protocol without a request for that'));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    settle(null, socket);
  });
  request.on('response', (answer) => take(answer, context, settle));
  request.end(data);
}

/** An answer as dockerode wants it: a stream, or what its JSON says, or an error with the status. */
function take(answer: IncomingMessage, context: CallContext, settle: Done): void {
  const { statusCode: status = 0, headers } = answer;
  answer.on('error', settle);
  if (status >= 300 && status < 400 && status !== 304) {
    answer.destroy();
    settle(engineRedirects(status, headers.location));
    return;
  }
  const isAnswer = context.statusCodes[status] === true;
  if (isAnswer && context.hijack === true) {
    answer.destroy();
    settle(answerInvalid('it did not hand its connection over'));
  } else if (isAnswer && context.isStream === true) settle(null, answer);
  else
    collect(answer, (error, body) => settle(error ?? (isAnswer ? null : refusal(status, body)), parse(body)));
}

/** The whole of a stream; one that is too long or breaks off is an error. */
function collect(answer: Readable, done: (error: unknown, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes <= MOST_BYTES) return;
    chunks.length = 0;
    answer.destroy(answerInvalid(`it sent more than ${formatBytes(MOST_BYTES)}`));
  });
  answer.on('end', () => done(null, Buffer.concat(chunks)));
  answer.on('error', (error) => done(error, Buffer.alloc(0)));
  answer.on('close', () => done(brokenOff(), Buffer.alloc(0)));
}

/** Answers are objects or lists in JSON, except the one to a ping. */
function parse(body: Buffer): object | string {
  const text = body.toString();
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}

/** In the form that `engineCaller` reads. */
function refusal(status: number, body: Buffer): Error {
  const answer = parse(body) as { message?: unknown };
  const text = typeof answer.message === 'string' ? answer.message : body.toString();
  return Object.assign(new Error(cutText(text, MAX_ERROR_TEXT).trim()), { statusCode: status });
}

function brokenOff(): Error {
  return Object.assign(new Error('the connection was closed before the answer was whole'), {
    code: 'ECONNRESET',
  });
}
