import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { createBodyBuffer, SMALL_BYTES } from './body-buffer.ts';
import { bodyIncomplete, bodyTooLarge, bodyTooSlow, type Refusal } from './errors.ts';

/** What one body may be, and all of them together; bytes and milliseconds. */
export type BodyLimits = { bodyBytes: number; bodyMs: number; inFlightBytes: number };

/** A whole body. It counts as in flight until `release` is called, which may be done twice. */
type RequestBody = { bytes: Buffer; release(): void };

/** Reads a body, or throws the Refusal: what was read of it is forgotten, the rest is left on the connection. */
type ReadBody = (request: IncomingMessage, response: ServerResponse) => Promise<RequestBody>;

/** How much of the allowance bodies of a kind and of those before it may hold together. A body is `unknown` while it is small and has not declared its length. */
const PARTS = { large: 6 / 8, unknown: 7 / 8, small: 1 };

type Kind = keyof typeof PARTS;
const KINDS = Object.keys(PARTS) as Kind[];

/** What one body holds of the allowance. */
type Share = { kind: Kind; bytes: number };
const NOTHING: Share = { kind: 'small', bytes: 0 };

/**
 * A reader whose bodies share one allowance of memory. Large ones never have all of it, so that small ones are read
 * however many large ones come.
 */
export function createReadBody(limits: BodyLimits, clock: Clock): ReadBody {
  const move = createAllowance(limits.inFlightBytes);

  return async (request, response) => {
    const declared = declaredLength(request);
    if (declared > limits.bodyBytes) throw bodyTooLarge(limits.bodyBytes);
    if (request.headers.expect !== undefined) response.writeContinue();
    let share = NOTHING;
    const gathered = createBodyBuffer(declared, limits, (more) => {
      const next = shareOf(declared, share.bytes + more);
      share = move(share, next);
      return share === next;
    });
    const release = (): void => {
      gathered.drop();
      share = move(share, NOTHING);
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

/** Counts the shares of all bodies. A call gives the share of a body from now on: `next` if there is room for it, else its current one. */
function createAllowance(allBytes: number): (current: Share, next: Share) => Share {
  const inFlight = { large: 0, unknown: 0, small: 0 };
  const hasRoom = ({ kind, bytes }: Share): boolean => {
    let sum = bytes;
    return KINDS.every((each) => {
      sum += inFlight[each];
      return KINDS.indexOf(each) < KINDS.indexOf(kind) || sum <= allBytes * PARTS[each];
    });
  };
  return (current, next) => {
    inFlight[current.kind] -= current.bytes;
    const given = hasRoom(next) ? next : current;
    inFlight[given.kind] += given.bytes;
    return given;
  };
}

function shareOf(declared: number, bytes: number): Share {
  if (Math.max(declared, bytes) > SMALL_BYTES) return { kind: 'large', bytes };
  return { kind: declared > 0 ? 'small' : 'unknown', bytes };
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
