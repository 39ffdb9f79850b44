import type { AskGit } from '../ask-git.ts';
import { changesInvalid } from '../errors.ts';
import { type Change, type ChangeSet, type Content, LINK_MODE, SUBMODULE_MODE } from './changes.ts';
import { lookInto, MAX_TARGET_BYTES, readSizes } from './contents.ts';
import { findLargeFiles } from './large-files.ts';
import { changesOf, type NewCommit } from './new-commits.ts';

/**
 * Reads what new commits change out of a quarantine repository: every commit against its parent, and of a merge what it
 * does itself. The contents of links, of files of more than `binaryBytes` and of what could be a pointer of Git LFS are
 * looked at; all others count as text. Binary is what has a NUL anywhere, and not only where git looks for one.
 * `mirror` asks what the repository had before. Throws `changes_invalid` and `changes_too_large`.
 */
export async function inspectChanges(parts: {
  ask: AskGit;
  mirror: AskGit;
  commits: readonly NewCommit[];
  base: string;
  commit: string;
  binaryBytes: number;
}): Promise<ChangeSet> {
  const { ask, base, commit, binaryBytes } = parts;
  const behind = await ask.text({ args: ['rev-list', '--max-count=1', base, `^${commit}`, '--'] });
  const changes = await changesOf(ask, parts.commits);
  const contents = await readContents(ask, changes, binaryBytes);
  const largeFiles = await findLargeFiles(parts, changes);
  return { changes, contents, isOnBase: behind === '', largeFiles };
}

async function readContents(
  ask: AskGit,
  changes: readonly Change[],
  binaryBytes: number,
): Promise<Map<string, Content>> {
  const files = changes.filter(({ mode, id }) => !/^0+$/.test(id) && mode !== SUBMODULE_MODE);
  const ids = [...new Set(files.map(({ id }) => id))];
  const sizes = await readSizes(ask, ids);
  const links = new Set(files.filter(({ mode }) => mode === LINK_MODE).map(({ id }) => id));
  const looked = ids.filter((id) => links.has(id) || (sizes.get(id) ?? 0) > binaryBytes);
  const looks = await lookInto(ask, looked);
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
