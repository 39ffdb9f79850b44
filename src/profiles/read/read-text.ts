import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemCode } from '../../base/errors.ts';

/** The largest profile.json or prompt that is read, in bytes: 1 MiB, also what an agent takes as its prompt. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A file's text, or why there is none; `detail` completes the sentence “it cannot be read: …”. */
type TextRead =
  | { text: string }
  | { why: 'missing' | 'unreadable' | 'too-large' | 'not-utf8'; detail: string };

/** Reads a whole regular file as UTF-8 (a byte order mark is dropped); never waits on a FIFO, never reads past the limit. */
export async function readText(path: string): Promise<TextRead> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stats = await file.stat();
    if (!stats.isFile()) return { why: 'unreadable', detail: notAFile(stats) };
    if (stats.size > MAX_FILE_BYTES) return tooLarge(stats.size);
    return decode(await readUpTo(file, MAX_FILE_BYTES + 1));
  } catch (error) {
    return unreadable(error);
  } finally {
    await file?.close();
  }
}

/** Reads on where `stat` reported less: the file can grow, and some file systems report 0. */
async function readUpTo(file: FileHandle, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < limit) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(limit - total, 64 * 1024)));
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(chunks, total);
}

function decode(bytes: Buffer): TextRead {
  if (bytes.length > MAX_FILE_BYTES) return tooLarge(bytes.length);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { why: 'not-utf8', detail: 'it is not UTF-8 text' };
  }
}

function tooLarge(bytes: number): TextRead {
  return { why: 'too-large', detail: `${bytes} bytes long, and ${MAX_FILE_BYTES} are the limit` };
}

function unreadable(error: unknown): TextRead {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { why: 'missing', detail: 'it is not there' };
  if (code === 'ELOOP') return { why: 'unreadable', detail: 'its symbolic links go in a circle' };
  if (code === 'EACCES' || code === 'EPERM')
    return { why: 'unreadable', detail: 'its permissions forbid it' };
  return { why: 'unreadable', detail: `the system says ${code}` };
}

function notAFile(stats: { isDirectory(): boolean; isFIFO(): boolean }): string {
  if (stats.isDirectory()) return 'it is a folder';
  return stats.isFIFO() ? 'it is a FIFO, not a file' : 'it is a device or a socket, not a file';
}
