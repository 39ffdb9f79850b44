import { hostName } from '../host-name.ts';
import { type EgressRefusal, nameDiffers, nameHidden, nameMissing, notTls } from '../refusals.ts';
import { type ClientHello, parseClientHello } from './client-hello.ts';
import { createRecordReader, RECORD, type RecordPart } from './tls-records.ts';

/** What became of a chunk: bytes that may go on, and how far the gate has come; or why none ever will. */
export type GateStep =
  | { state: 'waiting' | 'watching' | 'open'; bytes: readonly Buffer[] }
  | { state: 'refused'; refusal: EgressRefusal };

/** Stands at the beginning of what a client sends. */
export type HelloGate = { push(chunk: Buffer): GateStep };

const CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;

/** More than any client sends, and what OpenSSL, BoringSSL and Go take at most is about as much. */
const MOST_HELLO_BYTES = 64 * 1024;

/** A hello with the headers of its records: the smaller the records, the less of it fits. */
const MAX_BUFFERED_BYTES = 128 * 1024;

/**
 * Lets TLS to the server `host` through and nothing else. Pure: bytes in, bytes and verdict out.
 *
 * It is `waiting` and gives nothing until the whole ClientHello has named `host`. Then it is `watching`: a server of
 * TLS 1.3 may request a second ClientHello, which could name another server, so the client's messages are read until one
 * is something else. Then it is `open` for good, and no further call is needed. After `refused` no call is allowed.
 */
export function createHelloGate(host: string): HelloGate {
  const reader = createRecordReader();
  let hello: HelloCollector | undefined = createHelloCollector();
  let first: ClientHello | undefined;
  let isOpen = false;
  let buffered: Buffer[] = [];
  let bufferedBytes = 0;

  const look = (part: RecordPart): EgressRefusal | undefined => {
    if (isOpen) return undefined;
    if (!hello && first) {
      if (opensGate(part, first)) isOpen = true;
      else if (part.type === RECORD.handshake) hello = createHelloCollector();
    }
    const body = hello?.push(part);
    if (body === 'invalid') return notTls(host);
    if (!body) return undefined;
    const found = parseClientHello(body);
    const refusal = found ? checkName(found, host) : notTls(host);
    isOpen = first !== undefined;
    first ??= found;
    hello = undefined;
    return refusal;
  };

  const release = (): readonly Buffer[] => {
    const bytes = buffered;
    buffered = [];
    bufferedBytes = 0;
    return bytes;
  };

  return {
    push(chunk) {
      buffered.push(chunk);
      bufferedBytes += chunk.length;
      const parts = reader.read(chunk);
      if (!parts) return { state: 'refused', refusal: notTls(host) };
      for (const part of parts) {
        const refusal = look(part);
        if (refusal) return { state: 'refused', refusal };
      }
      if (isOpen) return { state: 'open', bytes: release() };
      const state = first ? 'watching' : 'waiting';
      if (!hello && !reader.isInHeader()) return { state, bytes: release() };
      if (bufferedBytes > MAX_BUFFERED_BYTES) return { state: 'refused', refusal: notTls(host) };
      return { state, bytes: [] };
    },
  };
}

/** Whether no second ClientHello can follow: data other than early data, or a handshake message of another type. */
function opensGate(part: RecordPart, first: ClientHello): boolean {
  if (part.type === RECORD.applicationData) return !first.offersEarlyData;
  return part.type === RECORD.handshake && part.bytes[0] !== CLIENT_HELLO;
}

function checkName(hello: ClientHello, host: string): EgressRefusal | undefined {
  if (hello.hidesName) return nameHidden(host);
  if (hello.serverName === undefined) return nameMissing(host);
  const isPlain = /^[\x21-\x7e]+$/.test(hello.serverName);
  return isPlain && hostName(hello.serverName) === host ? undefined : nameDiffers(host, hello.serverName);
}

/** Puts one ClientHello together; gives its body when it is whole. It fills its records: nothing else is in them. */
type HelloCollector = { push(part: RecordPart): Buffer | 'invalid' | undefined };

function createHelloCollector(): HelloCollector {
  const header = Buffer.alloc(HANDSHAKE_HEADER_BYTES);
  let headerBytes = 0;
  let body: Buffer | undefined;
  let bodyBytes = 0;
  return {
    push({ type, bytes, endsRecord }) {
      if (type !== RECORD.handshake) return 'invalid';
      const fromHeader = bytes.copy(header, headerBytes, 0, HANDSHAKE_HEADER_BYTES - headerBytes);
      headerBytes += fromHeader;
      if (header[0] !== CLIENT_HELLO) return 'invalid';
      if (headerBytes < HANDSHAKE_HEADER_BYTES) return undefined;
      const length = header.readUIntBE(1, 3);
      if (length > MOST_HELLO_BYTES) return 'invalid';
      body ??= Buffer.alloc(length);
      const rest = bytes.subarray(fromHeader);
      if (rest.length > length - bodyBytes) return 'invalid';
      bodyBytes += rest.copy(body, bodyBytes);
      if (bodyBytes < length) return undefined;
      return endsRecord ? body : 'invalid';
    },
  };
}
