import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

/** One extension of a ClientHello. */
export type TestExtension = { type: number; data: Buffer };

/** `bytes` with their length before them, in `size` bytes. */
export function sized(size: number, bytes: Buffer): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(bytes.length, 0, size);
  return Buffer.concat([length, bytes]);
}

/** The extension that names a server; several names, kinds and lengths for what is wrong on purpose. */
export function serverNames(...names: { kind?: number; name: string | Buffer }[]): TestExtension {
  const entries = names.map(({ kind = 0, name }) =>
    Buffer.concat([Buffer.from([kind]), sized(2, Buffer.from(name))]),
  );
  return { type: 0, data: sized(2, Buffer.concat(entries)) };
}

/** The body of a ClientHello with just these extensions. */
export function helloBody(...extensions: TestExtension[]): Buffer {
  const written = extensions.map(({ type, data }) => {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(type);
    return Buffer.concat([head, sized(2, data)]);
  });
  const opening = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32, 7), sized(1, Buffer.alloc(32, 8))]);
  const suites = Buffer.concat([sized(2, Buffer.from([0x13, 1, 0x13, 2])), sized(1, Buffer.from([0]))]);
  return Buffer.concat([opening, suites, ...(written.length > 0 ? [sized(2, Buffer.concat(written))] : [])]);
}

/** A handshake message of TLS; 1 is a ClientHello, 16 what a client of TLS 1.2 says next. */
export function handshake(body: Buffer, type = 1): Buffer {
  return Buffer.concat([Buffer.from([type]), sized(3, body)]);
}

/** `bytes` as records of at most `size` bytes; 22 is a handshake. */
export function records(bytes: Buffer, size = 16_384, type = 22): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < Math.max(1, bytes.length); at += size)
    parts.push(Buffer.from([type, 3, 1]), sized(2, bytes.subarray(at, at + size)));
  return Buffer.concat(parts);
}

/** A whole first flight that names `name`. */
export function helloFor(name: string, ...more: TestExtension[]): Buffer {
  return records(handshake(helloBody(serverNames({ name }), ...more)));
}

/** The first bytes that Node's own TLS sends. */
export async function realHello(options: ConnectionOptions): Promise<Buffer> {
  return await new Promise((resolve) => {
    const sink = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
      },
    });
    connect({ socket: sink, ...options }).on('error', () => {});
  });
}
