import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { createBodyBuffer } from './body-buffer.ts';
import { bodyIncomplete, bodyTooLarge, bodyTooSlow, type Refusal } from './errors.ts';

/** What one body may be, and all of them together; bytes and milliseconds. */
export type BodyLimits = { bodyBytes: number; bodyMs: number; inFlightBytes: number };

/** A whole body. It counts as in flight until `release` is called, which may be done twice. */
export type RequestBody = { bytes: Buffer; release(): void };

/** Reads a body, or throws the Refusal: what was read of it is forgotten, the rest is left on the connection. */
export type ReadBody = (request: IncomingMessage, response: ServerResponse) => Promise<RequestBody>;

/** A body that says it is no larger counts as small; nearly all of GitHub's are. */
const SMALL_BYTES = 256 * 1024;

/** The part of the allowance that is kept for small bodies. */
const KEPT_FOR_SMALL = 1 / 8;

/**
 * A reader whose bodies share one allowance of memory. Large ones, and those that do not say how long they are, never
 * have all of it, so that small ones are read however many large ones come.
 */
export function createReadBody(limits: BodyLimits, clock: Clock): ReadBody {
  const largeBytes = limits.inFlightBytes * (1 - KEPT_FOR_SMALL);
  const inFlight = { small: 0, large: 0 };

  return async (request, response) => {
    const declared = declaredLength(request);
    if (declared > limits.bodyBytes) throw bodyTooLarge(limits.bodyBytes);
    if (request.headers.expect !== undefined) response.writeContinue();
    const kind = declared > 0 && declared <= SMALL_BYTES ? 'small' : 'large';
    const reserve = (bytes: number): boolean => {
      if (inFlight.small + inFlight.large + bytes > limits.inFlightBytes) return false;
      if (kind === 'large' && inFlight.large + bytes > largeBytes) return false;
      inFlight[kind] += bytes;
      return true;
    };
    const gathered = createBodyBuffer(declared, limits, reserve);
    const release = (): void => {
      inFlight[kind] -= gathered.drop();
    };
    try {
      await wholeBody(request, gathered.add, limits, clock);
      return { bytes: gathered.bytes(), release };
    } catch (error) {
      release();
      throw error;
    }
  };
}

/** Hands every chunk to `add` until the body is whole; rejects with the Refusal that `add` gives, or when time is up or the sender gone. */
function wholeBody(
  request: IncomingMessage,
  add: (chunk: Buffer) => Refusal | undefined,
  limits: BodyLimits,
  clock: Clock,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (refusal: Refusal | undefined): void => {
      timer.stop();
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      if (refusal) reject(refusal);
      else resolve();
    };
    const onData = (chunk: Buffer): void => {
      const refusal = add(chunk);
      if (refusal) settle(refusal);
    };
    const onEnd = (): void => settle(undefined);
    const onClose = (): void => settle(bodyIncomplete());
    const timer = clock.after(limits.bodyMs, () => settle(bodyTooSlow(limits.bodyMs)));
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

function declaredLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}
