import { type FileHandle, open } from 'node:fs/promises';
import type { AskGit } from '../ask-git.ts';
import { changesInvalid } from '../errors.ts';

/** A link's target is a path, and no path is longer: https://man7.org/linux/man-pages/man7/path_resolution.7.html */
export const MAX_TARGET_BYTES = 4096;

/** How much of a content is in memory at a time. */
const PIECE_BYTES = 1024 * 1024;

/** How large contents are, by id; what is not there is not among them. Throws `changes_invalid`, `changes_too_large`. */
export async function readSizes(ask: AskGit, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const args = ['cat-file', '--buffer', '--batch-check=%(objectname) %(objectsize)'];
  const lines = (await ask.text({ args, input: ids })).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, id, size] = /^([0-9a-f]{40}) (\d+)$/.exec(line) ?? [];
      return id === undefined ? [] : [[id, Number(size)]];
    }),
  );
}

/** The beginning of a content, and whether a NUL is anywhere in it. */
type Look = { head: Buffer; isBinary: boolean };

/** Looks into contents that are there. Throws `changes_invalid`, `changes_too_large`. */
export async function lookInto(ask: AskGit, ids: readonly string[]): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  if (ids.length === 0) return looks;
  const args = ['cat-file', '--buffer', '--batch=%(objectname) %(objectsize)'];
  const file = await open(await ask.file({ args, input: ids }));
  try {
    let at = 0;
    for (const id of ids) {
      const line = Buffer.alloc(100);
      await file.read(line, 0, line.length, at);
      const end = line.indexOf('\n');
      const bytes = Number(line.toString('latin1', 0, end).split(' ')[1]);
      if (!Number.isSafeInteger(bytes)) throw changesInvalid(`the content ${id} is not there`);
      at += end + 1;
      looks.set(id, await lookAt(file, at, bytes));
      at += bytes + 1;
    }
  } finally {
    await file.close();
  }
  return looks;
}

async function lookAt(file: FileHandle, start: number, bytes: number): Promise<Look> {
  let head: Buffer = Buffer.alloc(0);
  let isBinary = false;
  for (let at = 0; at < bytes && !isBinary; at += PIECE_BYTES) {
    const piece = Buffer.alloc(Math.min(bytes - at, PIECE_BYTES));
    await file.read(piece, 0, piece.length, start + at);
    if (at === 0) head = Buffer.from(piece.subarray(0, MAX_TARGET_BYTES));
    isBinary = piece.includes(0);
  }
  return { head, isBinary };
}
