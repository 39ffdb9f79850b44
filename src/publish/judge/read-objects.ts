import { type FileHandle, open } from 'node:fs/promises';
import { changesInvalid } from '../errors.ts';
import type { GitReader } from '../git-reader.ts';
import { type CommitObject, parseCommit } from './commit-object.ts';

/** A link's target is a path, and no path is longer: https://man7.org/linux/man-pages/man7/path_resolution.7.html */
export const MAX_TARGET_BYTES = 4096;

/** How much of a content is in memory at a time. */
const PIECE_BYTES = 1024 * 1024;

/** How large contents are, by id; what is not there is not among them. Throws `changes_invalid`, `changes_too_large`. */
export async function readSizes(reader: GitReader, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const args = ['cat-file', '--buffer', '--batch-check=%(objectname) %(objectsize)'];
  const lines = (await reader.text({ args, input: ids })).split('\n');
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
export async function lookInto(reader: GitReader, ids: readonly string[]): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  if (ids.length === 0) return looks;
  const args = ['cat-file', '--buffer', '--batch=%(objectname) %(objectsize)'];
  const file = await open(await reader.file({ args, input: ids }));
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

/** Reads commits, in the order of `ids`. Throws `changes_invalid`, `changes_too_large`. */
export async function readCommits(reader: GitReader, ids: readonly string[]): Promise<CommitObject[]> {
  return (await readObjects(reader, ids)).map(parseCommit);
}

/** Reads objects that are there, in the order of `ids`, one character for each byte. Throws the same. */
export async function readObjects(reader: GitReader, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const text = await reader.text({ args: ['cat-file', '--buffer', '--batch=%(objectsize)'], input: ids });
  const objects: string[] = [];
  let at = 0;
  for (const _ of ids) {
    const start = text.indexOf('\n', at) + 1;
    const bytes = Number(text.slice(at, start));
    objects.push(text.slice(start, start + bytes));
    at = start + bytes + 1;
  }
  return objects;
}
