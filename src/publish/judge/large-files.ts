import type { AskGit } from '../ask-git.ts';
import { type Change, type LargeFiles, LINK_MODE, SUBMODULE_MODE } from './changes.ts';
import { lookInto, readSizes } from './contents.ts';

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
export async function findLargeFiles(
  { ask, mirror }: { ask: AskGit; mirror: AskGit },
  changes: readonly Change[],
): Promise<LargeFiles> {
  const files = changes.filter(({ mode, id }) => isFile(mode, id));
  const replaced = files.filter(({ before }) => before !== undefined && isFile(before.mode, before.id));
  const ids = [...files.map(({ id }) => id), ...replaced.map(({ before }) => before?.id ?? '')];
  const pointers = await readPointers(ask, [...new Set(ids)]);
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
async function readPointers(ask: AskGit, ids: readonly string[]): Promise<Set<string>> {
  const sizes = await readSizes(ask, ids);
  const small = ids.filter((id) => (sizes.get(id) ?? MAX_POINTER_BYTES) < MAX_POINTER_BYTES);
  const pointers = new Set<string>();
  for (let at = 0; at < small.length; at += AT_A_TIME)
    for (const [id, { head }] of await lookInto(ask, small.slice(at, at + AT_A_TIME)))
      if (isPointer(head.toString('latin1'))) pointers.add(id);
  return pointers;
}

function isPointer(text: string): boolean {
  return POINTER.test(text) && OBJECT.test(text);
}
