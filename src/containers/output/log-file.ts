import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import type { SavedPosition } from './log-position.ts';
import { decodeKeptLine, encodeLine, isShown, type KeptLine, type OutputLine } from './output-line.ts';

/** What came after the cap, counted, and how far the engine's log was read; kept in the last line of a cut file. */
type Cut = { lines: number; bytes: number; position: SavedPosition };

/** The file that keeps a run's output: JSON lines, never longer than its cap. */
export type LogFile = {
  /**
   * Adds lines; from the first that does not fit, all are only counted, and the file's last line says how many.
   * Gives whether the file is full. Rejects when the disk does; nothing of these lines is then kept, and the next
   * call writes in their place.
   */
  add(lines: readonly OutputLine[], position: SavedPosition): Promise<boolean>;
  close(): Promise<void>;
};

/** The last line of a cut file is written over in place, so it always takes this many bytes. */
const CUT_LINE_BYTES = 1024;

/** Where a run's output is kept inside its log directory. */
export function outputFile(dir: string): string {
  return join(dir, 'output.jsonl');
}

/** The kept output of a run, oldest first; nothing when there is none. Reading while it is written is fine. */
export async function* readOutput(dir: string): AsyncGenerator<OutputLine> {
  for await (const { line } of completeLines(outputFile(dir))) {
    if (line && isShown(line)) yield line;
  }
}

/**
 * Opens the file of `dir` at its end, gives each line it holds to `onKept`, and takes away a last line that a
 * crash tore. `cut` is set when the file had reached its cap. Rejects with the system's error.
 */
export async function openLogFile(
  dir: string,
  capBytes: number,
  onKept: (line: OutputLine) => void | Promise<void>,
): Promise<{ file: LogFile; cut: Cut | undefined }> {
  let end = 0;
  let cut: Cut | undefined;
  for await (const { line, endsAt } of completeLines(outputFile(dir))) {
    if (line?.cut !== undefined) {
      cut = line.cut as Cut;
      break;
    }
    if (line) await onKept(line);
    end = endsAt;
  }
  const handle = await open(outputFile(dir), constants.O_RDWR | constants.O_CREAT, 0o600);
  await handle.truncate(end + (cut ? CUT_LINE_BYTES : 0));
  return { file: logWriter({ handle, end, cut, capBytes }), cut };
}

function logWriter(start: {
  handle: FileHandle;
  end: number;
  cut: Cut | undefined;
  capBytes: number;
}): LogFile {
  const { handle, capBytes } = start;
  let { end, cut } = start;
  return {
    async add(lines, position) {
      const { text, count } = cut ? { text: '', count: 0 } : fitting(lines, capBytes - CUT_LINE_BYTES - end);
      const beyond = lines.slice(count);
      const kept = Buffer.from(text);
      const cutNow = cut || beyond.length > 0 ? addToCut(cut, beyond, position) : undefined;
      await writeAll(handle, cutNow ? Buffer.concat([kept, cutLine(cutNow, capBytes)]) : kept, end);
      end += kept.length;
      cut = cutNow;
      return cut !== undefined;
    },
    close: () => handle.close(),
  };
}

/** As many lines as `room` bytes hold, as they stand in the file. */
function fitting(lines: readonly OutputLine[], room: number): { text: string; count: number } {
  let text = '';
  let bytes = 0;
  for (const [count, line] of lines.entries()) {
    const encoded = encodeLine(line);
    bytes += Buffer.byteLength(encoded);
    if (bytes > room) return { text, count };
    text += encoded;
  }
  return { text, count: lines.length };
}

function addToCut(cut: Cut | undefined, beyond: readonly OutputLine[], position: SavedPosition): Cut {
  const bytes = beyond.reduce((sum, { text, part }) => sum + Buffer.byteLength(text) + (part ? 0 : 1), 0);
  return { lines: (cut?.lines ?? 0) + beyond.length, bytes: (cut?.bytes ?? 0) + bytes, position };
}

function cutLine(cut: Cut, capBytes: number): Buffer {
  const text = `[The log is full at its cap of ${capBytes} bytes; ${cut.bytes} later bytes of output were not kept.]`;
  const line = encodeLine({ at: cut.position.newest, stream: 'service', text, cut });
  return Buffer.from(`${line.trimEnd().padEnd(CUT_LINE_BYTES - 1)}\n`);
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** The lines of a file that a newline ends; `endsAt` is the offset behind it, `line` undefined when it holds no line of ours. */
async function* completeLines(path: string): AsyncGenerator<{ line: KeptLine | undefined; endsAt: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let newline = bytes.indexOf(10); newline >= 0; newline = bytes.indexOf(10, start)) {
        yield { line: decodeKeptLine(bytes.toString('utf8', start, newline)), endsAt: offset + newline + 1 };
        start = newline + 1;
      }
      offset += start;
      rest = bytes.subarray(start);
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
