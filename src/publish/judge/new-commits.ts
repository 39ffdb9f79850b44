import type { GitReader } from '../git-reader.ts';
import { type Change, parseChanges } from './changes.ts';
import { makeMerge, ownOfMerge } from './merges.ts';

/** A commit that no branch has yet. */
export type NewCommit = { id: string; parents: readonly string[] };

/** Which commits are new: those that lead to `tip` and to none of `known`, which the mirror has. */
type NewRange = { tip: string; known: readonly string[] };

/** Every path that these commits change, as it is. */
const RAW = '-r -z --raw --no-renames --no-abbrev'.split(' ');

/** The lines that give git a range; they may be too many for its command line. */
export function rangeLines({ tip, known }: NewRange): string[] {
  return [tip, ...known.map((id) => `^${id}`)];
}

/** The new commits, parents before children. Throws `changes_invalid`, `changes_too_large`. */
export async function listNew(reader: GitReader, range: NewRange): Promise<NewCommit[]> {
  const args = ['rev-list', '--topo-order', '--reverse', '--parents', '--stdin'];
  const lines = (await reader.text({ args, input: rangeLines(range) })).split('\n');
  return lines.flatMap((line) => {
    const [id = '', ...parents] = line.split(' ');
    return id === '' ? [] : [{ id, parents }];
  });
}

/**
 * What the commits change, each against its parent, and of a merge what the merge itself does: what came whole from a
 * side is that side's. Throws `changes_invalid`, `changes_too_large`.
 */
export async function changesOf(reader: GitReader, commits: readonly NewCommit[]): Promise<Change[]> {
  const plain = commits.filter(({ parents }) => parents.length < 2).map(({ id }) => id);
  const args = ['diff-tree', '--stdin', '--no-commit-id', '--root', ...RAW];
  const changes = plain.length === 0 ? [] : parseChanges(await reader.text({ args, input: plain }));
  const merges = commits.filter(({ parents }) => parents.length > 1);
  const own: Change[][] = [];
  for (const merge of merges) own.push(await ownOfMerge(reader, merge, own.length));
  return [...changes, ...own.flat()];
}

/** New commits that stand on more known ones than this are shown against the one that the run began with. */
const MAX_BOUNDARIES = 8;

/** A commit of the host's own, which nothing ever leads to. */
const IDENTITY = ['-c', 'user.name=github-flows', '-c', 'user.email=github-flows@noreply.invalid'];

/**
 * What a patch of new commits is made against: the known commit that they stand on; where they merged others, what git
 * makes of all of these by itself, so that the patch shows what the new commits do and not what they merged. A conflict
 * shows as it was resolved. Gives a commit or a tree. Throws `changes_invalid`, `changes_too_large`.
 */
export async function patchBase(reader: GitReader, range: NewRange, base: string): Promise<string> {
  const args = ['rev-list', '--boundary', '--stdin'];
  const lines = (await reader.text({ args, input: rangeLines(range) })).split('\n');
  const boundaries = lines.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
  if (boundaries.length < 2) return boundaries[0] ?? base;
  if (boundaries.length > 10 * MAX_BOUNDARIES) return base;
  const answer = await reader.text({ args: ['merge-base', '--independent', ...boundaries] });
  const heads = answer.split('\n').filter((line) => line !== '');
  return (heads.length > MAX_BOUNDARIES ? undefined : await mergeAll(reader, heads)) ?? base;
}

async function mergeAll(reader: GitReader, heads: readonly string[]): Promise<string | undefined> {
  let [whole, ...others] = heads;
  for (const other of others) {
    if (whole === undefined) return undefined;
    const made = await makeMerge(reader, whole, other);
    if (!made) return undefined;
    const args = [...IDENTITY, 'commit-tree', '-p', whole, '-p', other, '-m', 'merged', made.tree];
    whole = (await reader.text({ args })).trim();
  }
  return whole;
}
