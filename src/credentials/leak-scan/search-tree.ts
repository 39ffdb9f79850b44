import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  lstatSync,
  opendirSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { formatBytes } from '../../base/bytes.ts';
import { createFinder, type Finder } from '../../log/finder.ts';
import { bareNeedlesFor, MIN_SECRET_CHARACTERS, needlesFor } from '../../log/needles.ts';

/** A tree to search: files whose inode last changed at or before `sinceNs` (nanoseconds since 1970) are known to be clean. */
export type SearchRoot = { name: string; dir: string; sinceNs?: bigint };

/** What a search reports as it goes: a path that holds a value, or what it had to leave out. */
export type SearchProgress = { found: string } | { cut: string };

/** Ceilings of one search; an agent can make a file that reads as terabytes, and folders without end. */
const CHUNK_BYTES = 1024 * 1024;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_ENTRIES = 2_000_000;
const MAX_DEPTH = 200;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Looks for `values` in every spelling that the log masks in the files below `roots`, in the names of
 * their entries and in the targets of links. Links are not followed, sockets, devices and FIFOs not opened, and every step
 * down is taken from an open directory, so that neither long paths nor odd names (they are bytes) matter.
 *
 * Blocks its thread; calls `report` as it goes, at most `limit` times with `found`.
 */
export function searchTrees(
  roots: readonly SearchRoot[],
  values: readonly string[],
  limit: number,
  report: (progress: SearchProgress) => void,
): void {
  const known = values.filter((value) => value.length >= MIN_SECRET_CHARACTERS);
  const state: State = {
    finder: createFinder(known.flatMap(needlesFor), known.flatMap(bareNeedlesFor)),
    buffer: Buffer.allocUnsafe(CHUNK_BYTES),
    left: { found: limit, entries: MAX_ENTRIES, bytes: MAX_BYTES },
    cuts: new Set(),
    report,
  };
  for (const root of roots) {
    const folder = open(Buffer.from(root.dir), DIRECTORY & ~constants.O_NOFOLLOW);
    if (folder !== undefined) walk(state, root, folder, Buffer.from(root.name), 0);
  }
}

type State = {
  finder: Finder;
  buffer: Buffer;
  left: { found: number; entries: number; bytes: number };
  cuts: Set<string>;
  report: (progress: SearchProgress) => void;
};

function walk(state: State, root: SearchRoot, folder: number, path: Buffer, depth: number): void {
  const entries = attempt(() =>
    opendirSync(entryPath(folder, '.'), { encoding: 'buffer' as never, bufferSize: 256 }),
  );
  try {
    while (entries) {
      const item = attempt(() => entries.readSync() as unknown as Dirent<Buffer> | null);
      if (!item) return;
      state.left.entries -= 1;
      if (state.left.entries < 0) cut(state, `there are more than ${MAX_ENTRIES} files and folders`);
      if (state.left.entries < 0 || state.left.found <= 0 || state.left.bytes <= 0) return;
      visit(state, root, folder, { name: item.name, path: join(path, item.name), depth });
    }
    cut(state, 'a folder cannot be read');
  } finally {
    attempt(() => entries?.closeSync());
    closeSync(folder);
  }
}

type Place = { name: Buffer; path: Buffer; depth: number };

function visit(state: State, root: SearchRoot, folder: number, { name, path, depth }: Place): void {
  const at = entryPath(folder, name);
  const stats = attempt(() => lstatSync(at, { bigint: true, throwIfNoEntry: false }));
  if (!stats) return;
  const isNew = root.sinceNs === undefined || stats.ctimeNs > root.sinceNs;
  if (isNew && searchEntry(state, at, name, stats)) {
    state.left.found -= 1;
    state.report({ found: path.toString() });
  }
  if (!stats.isDirectory()) return;
  const child = depth < MAX_DEPTH ? open(at, DIRECTORY) : undefined;
  if (depth >= MAX_DEPTH) cut(state, `there are more than ${MAX_DEPTH} folders below each other`);
  else if (child === undefined) cut(state, 'a folder cannot be read');
  else walk(state, root, child, path, depth + 1);
}

/** Whether an entry's name, a link's target, or a file's content has a value. */
function searchEntry(state: State, at: Buffer, name: Buffer, stats: BigIntStats): boolean {
  if (state.finder.holds(name.toString('latin1'))) return true;
  if (stats.isFile()) return searchFile(state, at);
  const link = stats.isSymbolicLink() ? attempt(() => readlinkSync(at, { encoding: 'buffer' })) : undefined;
  return link !== undefined && state.finder.holds(link.toString('latin1'));
}

/** As how many characters one of a value may be spelt, and what of a chunk is read again with the next at the most. */
const SPELT_AS = 16;
const MAX_CARRIED = 128 * 1024;

/** Reads a file in chunks that share an end in which a value may have begun. */
function searchFile(state: State, path: Buffer): boolean {
  const file = open(path, FILE);
  if (file === undefined) {
    cut(state, 'a file cannot be read');
    return false;
  }
  try {
    let carried = '';
    for (let done = 0; ; ) {
      const bytes = attempt(() => readSync(file, state.buffer, 0, CHUNK_BYTES, null)) ?? 0;
      if (bytes === 0) return false;
      done += bytes;
      state.left.bytes -= bytes;
      const text = carried + state.buffer.toString('latin1', 0, bytes);
      if (state.finder.holds(text)) return true;
      if (done >= MAX_FILE_BYTES) cut(state, `a file is longer than ${formatBytes(MAX_FILE_BYTES)}`);
      if (state.left.bytes <= 0) cut(state, `there are more than ${formatBytes(MAX_BYTES)}`);
      if (done >= MAX_FILE_BYTES || state.left.bytes <= 0) return false;
      carried = text.slice(-Math.min(MAX_CARRIED, SPELT_AS * state.finder.reach));
    }
  } finally {
    closeSync(file);
  }
}

function cut(state: State, why: string): void {
  if (state.cuts.has(why)) return;
  state.cuts.add(why);
  state.report({ cut: why });
}

/** The path of an entry of an open directory, in bytes, whatever becomes of the directory's own name. */
function entryPath(folder: number, name: Buffer | string): Buffer {
  return join(Buffer.from(`/proc/self/fd/${folder}`), Buffer.from(name));
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function open(path: Buffer, flags: number): number | undefined {
  return attempt(() => openSync(path, flags));
}

/** Undefined for what vanished or may not be read; callers that need it report a cut. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
