import { quoted } from '../../base/text.ts';
import { answerInvalid } from '../errors.ts';

/** One entry of the engine's log; `ends` when a newline (not in `text`) stood at its end. */
export type LogEntry = {
  at: string;
  stream: 'stdout' | 'stderr';
  text: string;
  ends: boolean;
  bytes: number;
};

/** Cuts the engine's stream, as its chunks come, into entries; never holds more than one chunk and one frame. */
type Demuxer = {
  /** Throws `engine_answer_invalid`. */
  push(chunk: Buffer): LogEntry[];
};

/** Type, three zeros, length: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach */
const HEADER_BYTES = 8;

/** json-file writes 16 KiB an entry at most; a frame beyond this is not one of its. */
const MAX_FRAME_BYTES = 1024 * 1024;

const NEWLINE = 10;
const SPACE = 32;

/** A demultiplexer for a log with timestamps. */
export function createDemuxer(): Demuxer {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const entries: LogEntry[] = [];
      let at = 0;
      while (bytes.length - at >= HEADER_BYTES) {
        const end = at + HEADER_BYTES + frameLength(bytes, at);
        if (end > bytes.length) break;
        const stream = bytes[at] === 2 ? 'stderr' : 'stdout';
        entries.push(readEntry(stream, bytes.subarray(at + HEADER_BYTES, end)));
        at = end;
      }
      rest = bytes.subarray(at);
      return entries;
    },
  };
}

function frameLength(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at + 4);
  const isHeader = (bytes[at] ?? 9) <= 2 && bytes.readUIntBE(at + 1, 3) === 0;
  if (!isHeader)
    throw answerInvalid(`a frame of its output begins with ${bytes.subarray(at, at + 4).toString('hex')}`);
  if (length > MAX_FRAME_BYTES) throw answerInvalid(`a frame of its output has ${length} bytes`);
  return length;
}

function readEntry(stream: LogEntry['stream'], frame: Buffer): LogEntry {
  const space = frame.indexOf(SPACE);
  const at = normalTime(frame.toString('latin1', 0, Math.max(0, space)));
  const ends = frame.at(-1) === NEWLINE;
  const text = frame.toString('utf8', space + 1, ends ? frame.length - 1 : frame.length);
  return { at, stream, text, ends, bytes: frame.length - space - 1 };
}

/** Nine digits and UTC, so that times compare as text. */
function normalTime(time: string): string {
  if (time.length === 30 && time.endsWith('Z')) return time;
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw answerInvalid(`an entry of its output has no time (${quoted(time, 40)})`);
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? '';
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}
