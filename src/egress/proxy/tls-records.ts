/** A piece of a TLS record's payload as it came; empty where the record is. */
export type RecordPart = { type: number; bytes: Buffer; endsRecord: boolean };

/** Splits a stream of bytes into the records of TLS. */
type RecordReader = {
  /** The parts in `chunk`, or undefined when this is no TLS; then the reader is not to be used again. */
  read(chunk: Buffer): RecordPart[] | undefined;
  /** Whether a header has begun whose record has shown nothing of its payload yet. */
  isInHeader(): boolean;
};

/** https://www.rfc-editor.org/rfc/rfc8446#section-5.1 */
export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

const HEADER_BYTES = 5;
const MAJOR_VERSION = 3;
const MOST_MINOR_VERSION = 4;

/** The largest encrypted record, of TLS 1.2: https://www.rfc-editor.org/rfc/rfc5246#section-6.2.3 */
const MOST_PAYLOAD_BYTES = 2 ** 14 + 2048;

/** A reader at the beginning of a stream. */
export function createRecordReader(): RecordReader {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let left = 0;
  let isFresh = false;

  const readHeader = (chunk: Buffer): number => {
    const copied = chunk.copy(header, headerBytes, 0, HEADER_BYTES - headerBytes);
    headerBytes += copied;
    if (headerBytes === HEADER_BYTES) {
      left = header.readUInt16BE(3);
      isFresh = true;
    }
    return copied;
  };

  return {
    read(chunk) {
      const parts: RecordPart[] = [];
      let rest = chunk;
      while (rest.length > 0 || (isFresh && left === 0)) {
        if (headerBytes < HEADER_BYTES) {
          rest = rest.subarray(readHeader(rest));
          if (!isHeader(header.subarray(0, headerBytes))) return undefined;
        } else {
          const bytes = rest.subarray(0, left);
          left -= bytes.length;
          rest = rest.subarray(bytes.length);
          parts.push({ type: header.readUInt8(), bytes, endsRecord: left === 0 });
          isFresh = false;
          if (left === 0) headerBytes = 0;
        }
      }
      return parts;
    },
    isInHeader: () => headerBytes > 0 && (headerBytes < HEADER_BYTES || isFresh),
  };
}

/** As much of a header as is there: other protocols are seen in their first byte. Only data may be empty. */
function isHeader(header: Buffer): boolean {
  const [type, major, minor] = header;
  if (type !== undefined && !Object.values<number>(RECORD).includes(type)) return false;
  if (major !== undefined && major !== MAJOR_VERSION) return false;
  if (minor !== undefined && minor > MOST_MINOR_VERSION) return false;
  if (header.length < HEADER_BYTES) return true;
  const length = header.readUInt16BE(3);
  return length <= MOST_PAYLOAD_BYTES && (length > 0 || type === RECORD.applicationData);
}
