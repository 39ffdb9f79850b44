import { bodyTooLarge, type Refusal, serviceBusy } from './errors.ts';

/** A body of no more bytes counts as small; nearly all of GitHub's are. */
export const SMALL_BYTES = 256 * 1024;

/** The bytes of one body as they come. */
type BodyBuffer = {
  /** Takes the next bytes, or gives the Refusal when they are too many for this body or for all in flight. */
  add(chunk: Buffer): Refusal | undefined;
  bytes(): Buffer;
  /** Forgets the bytes. */
  drop(): void;
};

/**
 * One buffer that grows by doubling, so that a body in a million pieces holds no more memory than twice its
 * bytes; every growth is reserved first. `declared` is the body's Content-Length, or 0.
 */
export function createBodyBuffer(
  declared: number,
  limits: { bodyBytes: number; inFlightBytes: number },
  reserve: (bytes: number) => boolean,
): BodyBuffer {
  let buffer: Buffer = Buffer.alloc(0);
  let length = 0;
  let reserved = 0;

  const grow = (needed: number): Refusal | undefined => {
    const most = declared || (needed <= SMALL_BYTES ? SMALL_BYTES : limits.bodyBytes);
    const size = Math.max(needed, Math.min(2 * buffer.length, most));
    if (!reserve(size - reserved)) return serviceBusy(limits.inFlightBytes);
    reserved = size;
    const grown = Buffer.allocUnsafeSlow(size);
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
    return undefined;
  };

  return {
    add(chunk) {
      const needed = length + chunk.length;
      if (needed > limits.bodyBytes) return bodyTooLarge(limits.bodyBytes);
      if (length === 0 && needed === declared && reserve(needed)) {
        buffer = chunk;
        reserved = length = needed;
        return undefined;
      }
      if (needed > buffer.length) {
        const refusal = grow(needed);
        if (refusal) return refusal;
      }
      chunk.copy(buffer, length);
      length = needed;
      return undefined;
    },
    bytes: () => buffer.subarray(0, length),
    drop() {
      buffer = Buffer.alloc(0);
    },
  };
}
