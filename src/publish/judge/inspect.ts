import { changesInvalid } from '../errors.ts';
import type { GitReader } from '../git-reader.ts';
import {
  type Change,
  type ChangeSet,
  type Content,
  type LargeFiles,
  LINK_MODE,
  SUBMODULE_MODE,
} from './changes.ts';
import { changesOf, type NewCommit } from './new-commits.ts';
import { lookInto, MAX_TARGET_BYTES, readSizes } from './read-objects.ts';

/**
 * Reads what new commits change out of a quarantine repository: every commit against its parent, and of a merge what it
 * does itself. The contents of links, of files of more than `binaryBytes` and of what could be a pointer of Git LFS are
 * looked at; all others count as text. Binary is what has a NUL anywhere, and not only where git looks for one.
 * `mirror` reads what the repository had before. Throws `changes_invalid` and `changes_too_large`.
 */
export async function inspectChanges(parts: {
  reader: GitReader;
  mirror: GitReader;
  commits: readonly NewCommit[];
  base: string;
  commit: string;
  binaryBytes: number;
}): Promise<ChangeSet> {
  const { reader, base, commit, binaryBytes } = parts;
  const behind = await reader.text({ args: ['rev-list', '--max-count=1', base, `^${commit}`, '--'] });
  const changes = await changesOf(reader, parts.commits);
  const contents = await readContents(reader, changes, binaryBytes);
  const largeFiles = await findLargeFiles(parts, changes);
  return { changes, contents, isOnBase: behind === '', largeFiles };
}

async function readContents(
  reader: GitReader,
  changes: readonly Change[],
  binaryBytes: number,
): Promise<Map<string, Content>> {
  const files = changes.filter(({ mode, id }) => !/^0+$/.test(id) && mode !== SUBMODULE_MODE);
  const ids = [...new Set(files.map(({ id }) => id))];
  const sizes = await readSizes(reader, ids);
  const links = new Set(files.filter(({ mode }) => mode === LINK_MODE).map(({ id }) => id));
  const looked = ids.filter((id) => links.has(id) || (sizes.get(id) ?? 0) > binaryBytes);
  const looks = await lookInto(reader, looked);
  const contents = new Map<string, Content>();
  for (const id of ids) {
    const { head, isBinary = false } = looks.get(id) ?? {};
    const bytes = sizes.get(id) ?? Number.NaN;
    if (!Number.isSafeInteger(bytes)) throw changesInvalid(`the content ${id} is not there`);
    const linkTarget = links.has(id) && bytes <= MAX_TARGET_BYTES ? head?.toString() : undefined;
    contents.set(id, { bytes, isBinary, linkTarget });
  }
  return contents;
}

/** Pointers are shorter: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const MAX_POINTER_BYTES = 1024;

const AT_A_TIME = 5_000;

const POINTER = /^version https:\/\/(?:git-lfs\.github\.com\/spec|hawser\.github\.com\/spec)\/v\d[^\n]*\n/;
const OBJECT = /^oid sha256:([0-9a-f]{64})$/m;

/**
 * What changes do to files whose content lies in Git LFS. A pointer that the mirror does not have points at what the
 * server does not have either, because only git-lfs brings it there; a content in the place of a pointer makes the
 * file a plain one again. Throws `changes_invalid`, `changes_too_large`.
 */
async function findLargeFiles(
  { reader, mirror }: { reader: GitReader; mirror: GitReader },
  changes: readonly Change[],
): Promise<LargeFiles> {
  const files = changes.filter(({ mode, id }) => isFile(mode, id));
  const replaced = files.filter(({ before }) => before !== undefined && isFile(before.mode, before.id));
  const ids = [...files.map(({ id }) => id), ...replaced.map(({ before }) => before?.id ?? '')];
  const pointers = await readPointers(reader, [...new Set(ids)]);
  const fresh = [...new Set(files.map(({ id }) => id))].filter((id) => pointers.has(id));
  const known = await readSizes(mirror, fresh);
  const isMissing = ({ id }: Change): boolean => pointers.has(id) && !known.has(id);
  const isUnpacked = ({ id, before }: Change): boolean =>
    before !== undefined && pointers.has(before.id) && !pointers.has(id);
  const pathsOf = (those: readonly Change[]): string[] => [...new Set(those.map(({ path }) => path))];
  return { missing: pathsOf(files.filter(isMissing)), unpacked: pathsOf(replaced.filter(isUnpacked)) };
}

function isFile(mode: string, id: string): boolean {
  return !/^0+$/.test(id) && mode !== SUBMODULE_MODE && mode !== LINK_MODE;
}

/** A part at a time, so that no more beginnings than that are in memory. */
async function readPointers(reader: GitReader, ids: readonly string[]): Promise<Set<string>> {
  const sizes = await readSizes(reader, ids);
  const small = ids.filter((id) => (sizes.get(id) ?? MAX_POINTER_BYTES) < MAX_POINTER_BYTES);
  const pointers = new Set<string>();
  for (let at = 0; at < small.length; at += AT_A_TIME)
    for (const [id, { head }] of await lookInto(reader, small.slice(at, at + AT_A_TIME)))
      if (isPointer(head.toString('latin1'))) pointers.add(id);
  return pointers;
}

function isPointer(text: string): boolean {
  return POINTER.test(text) && OBJECT.test(text);
}
