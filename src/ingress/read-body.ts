import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { bodyIncomplete, bodyTooLarge, bodyTooSlow, type Refusal, serviceBusy } from './errors.ts';

/** What one body may be, and all of them together; bytes and milliseconds. */
export type BodyLimits = { bodyBytes: number; bodyMs: number; inFlightBytes: number };

/** A whole body. It counts as in flight until `release` is called, which may be done twice. */
export type Body = { bytes: Buffer; release(): void };

/** Reads a body, or throws the Refusal: what was read of it is forgotten, the rest is left on the connection. */
export type ReadBody = (request: IncomingMessage, response: ServerResponse) => Promise<Body>;

/** A reader whose bodies share one allowance of memory. */
export function createReadBody(limits: BodyLimits, clock: Clock): ReadBody {
  let inFlight = 0;
  const reserve = (bytes: number): boolean => {
    if (inFlight + bytes > limits.inFlightBytes) return false;
    inFlight += bytes;
    return true;
  };

  return async (request, response) => {
    if (declaredLength(request) > limits.bodyBytes) throw bodyTooLarge(limits.bodyBytes);
    if (request.headers.expect !== undefined) response.writeContinue();
    const gathered = createGathered(declaredLength(request), limits, reserve);
    const release = (): void => {
      inFlight -= gathered.reserved;
      gathered.drop();
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

/** One buffer that grows by doubling: a body that comes in millions of pieces costs no more than its bytes. */
function createGathered(declared: number, limits: BodyLimits, reserve: (bytes: number) => boolean) {
  let buffer: Buffer = Buffer.alloc(0);
  let length = 0;
  const most = declared > 0 ? declared : limits.bodyBytes;
  const gathered = {
    /** Bytes held, those not filled yet too. */
    reserved: 0,
    add(chunk: Buffer): Refusal | undefined {
      const needed = length + chunk.length;
      if (needed > limits.bodyBytes) return bodyTooLarge(limits.bodyBytes);
      if (needed > buffer.length) {
        const size = Math.max(needed, Math.min(2 * buffer.length, most));
        if (!reserve(size - gathered.reserved)) return serviceBusy(limits.inFlightBytes);
        gathered.reserved = size;
        if (length === 0 && needed === declared) {
          buffer = chunk;
          length = needed;
          return undefined;
        }
        const grown = Buffer.allocUnsafeSlow(size);
        buffer.copy(grown, 0, 0, length);
        buffer = grown;
      }
      chunk.copy(buffer, length);
      length = needed;
      return undefined;
    },
    bytes: () => buffer.subarray(0, length),
    drop() {
      buffer = Buffer.alloc(0);
      gathered.reserved = 0;
    },
  };
  return gathered;
}

function declaredLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}
