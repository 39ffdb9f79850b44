/** What a ClientHello says openly that matters here. */
export type ClientHello = {
  /** The server's name as sent, or undefined when none is. */
  serverName: string | undefined;
  /** Whether it carries another ClientHello, encrypted, that may name another server. */
  hidesName: boolean;
  /** Whether data may follow before the server has answered. */
  offersEarlyData: boolean;
};

/** https://www.iana.org/assignments/tls-extensiontype-values; the third is the draft that came before ECH. */
const EXTENSION = { serverName: 0, earlyData: 42, encryptedName: 0xffce, encryptedHello: 0xfe0d } as const;

const HOST_NAME = 0;

/** The body of a ClientHello, without its four bytes of type and length: https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2. Undefined when it is not exactly one. */
export function parseClientHello(body: Buffer): ClientHello | undefined {
  const cursor = createCursor(body);
  const opening = cursor.take(2 + 32);
  const sessionId = cursor.vector(1);
  const cipherSuites = cursor.vector(2);
  const compressions = cursor.vector(1);
  if (!opening || !sessionId || !cipherSuites?.length || !compressions?.length) return undefined;
  const extensions = cursor.isAtEnd() ? new Map<number, Buffer>() : readExtensions(cursor.vector(2));
  if (!extensions || !cursor.isAtEnd()) return undefined;
  const names = extensions.get(EXTENSION.serverName);
  const serverName = names && readServerName(names);
  if (names && serverName === undefined) return undefined;
  return {
    serverName,
    hidesName: extensions.has(EXTENSION.encryptedHello) || extensions.has(EXTENSION.encryptedName),
    offersEarlyData: extensions.has(EXTENSION.earlyData),
  };
}

/** Two extensions of one type are no ClientHello: servers differ in which of them they take. */
function readExtensions(bytes: Buffer | undefined): Map<number, Buffer> | undefined {
  if (!bytes) return undefined;
  const found = new Map<number, Buffer>();
  const cursor = createCursor(bytes);
  while (!cursor.isAtEnd()) {
    const type = cursor.take(2)?.readUInt16BE();
    const data = cursor.vector(2);
    if (type === undefined || !data || found.has(type)) return undefined;
    found.set(type, data);
  }
  return found;
}

/** Exactly one name, of the one kind there is: https://www.rfc-editor.org/rfc/rfc6066#section-3 */
function readServerName(data: Buffer): string | undefined {
  const outer = createCursor(data);
  const list = outer.vector(2);
  if (!list || !outer.isAtEnd()) return undefined;
  const inner = createCursor(list);
  const kind = inner.take(1)?.readUInt8();
  const name = inner.vector(2);
  if (kind !== HOST_NAME || !name?.length || !inner.isAtEnd()) return undefined;
  return name.toString('latin1');
}

/** Reads on through `bytes`; what would go beyond their end is undefined. */
function createCursor(bytes: Buffer) {
  let at = 0;
  const take = (length: number): Buffer | undefined => {
    if (at + length > bytes.length) return undefined;
    at += length;
    return bytes.subarray(at - length, at);
  };
  return {
    take,
    /** As many bytes as the `lengthBytes` before them say. */
    vector: (lengthBytes: number): Buffer | undefined => {
      const length = take(lengthBytes)?.readUIntBE(0, lengthBytes);
      return length === undefined ? undefined : take(length);
    },
    isAtEnd: (): boolean => at === bytes.length,
  };
}
