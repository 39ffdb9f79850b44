/** A piece of what a container wrote, as bytes. */
type Piece = { stream: 'stdout' | 'stderr'; bytes: Buffer };

/** Type, three zeros, length: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach */
const HEADER_BYTES = 8;

/** Takes the engine's multiplexed stream apart, chunk by chunk; frames are given on in the pieces they come in. */
export function createFrameReader(): (chunk: Buffer) => Piece[] {
  let header = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    const pieces: Piece[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + HEADER_BYTES - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < HEADER_BYTES) break;
        left = header.readUInt32BE(4);
      }
      const bytes = chunk.subarray(at, at + left);
      if (bytes.length > 0) pieces.push({ stream: header[0] === 2 ? 'stderr' : 'stdout', bytes });
      at += bytes.length;
      left -= bytes.length;
      if (left === 0) header = Buffer.alloc(0);
    }
    return pieces;
  };
}
