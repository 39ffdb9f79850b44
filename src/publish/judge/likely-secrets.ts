import type { GitReader } from '../git-reader.ts';
import { type Change, type Content, LINK_MODE, SUBMODULE_MODE } from './changes.ts';
import { fromBytes } from './commit-object.ts';
import { readObjects, readSizes } from './read-objects.ts';

/** Larger contents are not looked at, nor more than this together, nor more files. */
const MAX_BYTES = 256 * 1024;
const MAX_TOTAL = 8 * 1024 * 1024;
const MAX_FILES = 500;

/** How many places are named. */
const MAX_PLACES = 5;

/**
 * Where new contents hold what a mask would hide in a log, such as the shape of a well-known token: `path:line`, for
 * lines that the content before did not have. A guess: what looks like a token may be an example. Throws
 * `changes_invalid`, `changes_too_large`.
 */
export async function likelySecrets(
  reader: GitReader,
  { changes, contents }: { changes: readonly Change[]; contents: ReadonlyMap<string, Content> },
  mask: (text: string) => string,
): Promise<string[]> {
  const files = await pick(reader, changes, contents);
  const ids = [...new Set(files.flatMap(({ id, old }) => (old === undefined ? [id] : [id, old])))];
  const objects = await readObjects(reader, ids);
  const texts = new Map(ids.map((id, index) => [id, fromBytes(objects[index] ?? '')]));
  const places = files.flatMap(({ path, id, old }) => {
    const before = new Set(texts.get(old ?? '')?.split('\n'));
    const lines = maskedLines(texts.get(id) ?? '', mask).filter(({ line }) => !before.has(line));
    return lines.map(({ at }) => `${JSON.stringify(path)}:${at}`);
  });
  return [...new Set(places)].slice(0, MAX_PLACES);
}

/** A content to look at, and what was there before. */
type Picked = { path: string; id: string; old: string | undefined };

async function pick(
  reader: GitReader,
  changes: readonly Change[],
  contents: ReadonlyMap<string, Content>,
): Promise<Picked[]> {
  const files = changes.filter(({ mode, id }) => {
    const { bytes, isBinary } = contents.get(id) ?? { bytes: 0, isBinary: true };
    return mode !== LINK_MODE && mode !== SUBMODULE_MODE && !isBinary && bytes > 0 && bytes <= MAX_BYTES;
  });
  const some = files.slice(0, MAX_FILES);
  const sizes = await readSizes(
    reader,
    some.flatMap(({ before }) => (before === undefined || /^0+$/.test(before.id) ? [] : [before.id])),
  );
  let left = MAX_TOTAL;
  return some.flatMap(({ path, id, before }) => {
    const size = sizes.get(before?.id ?? '') ?? Number.POSITIVE_INFINITY;
    const old = size <= MAX_BYTES ? before?.id : undefined;
    left -= (contents.get(id)?.bytes ?? 0) + (old === undefined ? 0 : size);
    return left < 0 ? [] : [{ path, id, old }];
  });
}

/** Lines that a mask changes; of a key over many lines the first. */
function maskedLines(text: string, mask: (text: string) => string): { line: string; at: number }[] {
  if (mask(text) === text) return [];
  const lines = text.split('\n');
  const found = lines.map((line, at) => ({ line, at: at + 1 })).filter(({ line }) => mask(line) !== line);
  const masked = mask(text).split('\n');
  const first = lines.findIndex((line, at) => line !== masked[at]);
  return found.length > 0 ? found : [{ line: lines[first] ?? '', at: first + 1 }];
}
