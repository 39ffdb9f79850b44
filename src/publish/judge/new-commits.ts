import type { AskGit } from '../ask-git.ts';
import { type Change, parseChanges } from './changes.ts';
import { ownOfMerge } from './merges.ts';

/** A commit that no branch has yet. */
export type NewCommit = { id: string; parents: readonly string[] };

/** Which commits are new: those that lead to `tip` and to none of `known`, which the mirror has. */
export type NewRange = { tip: string; known: readonly string[] };

/** Every path that these commits change, as it is. */
const RAW = '-r -z --raw --no-renames --no-abbrev'.split(' ');

/** The lines that give git a range; they may be too many for its command line. */
export function rangeLines({ tip, known }: NewRange): string[] {
  return [tip, ...known.map((id) => `^${id}`)];
}

/** The new commits, parents before children. Throws `changes_invalid`, `changes_too_large`. */
export async function listNew(ask: AskGit, range: NewRange): Promise<NewCommit[]> {
  const args = ['rev-list', '--topo-order', '--reverse', '--parents', '--stdin'];
  const lines = (await ask.text({ args, input: rangeLines(range) })).split('\n');
  return lines.flatMap((line) => {
    const [id = '', ...parents] = line.split(' ');
    return id === '' ? [] : [{ id, parents }];
  });
}

/**
 * What the commits change, each against its parent, and of a merge what the merge itself does: what came whole from a
 * side is that side's. Throws `changes_invalid`, `changes_too_large`.
 */
export async function changesOf(ask: AskGit, commits: readonly NewCommit[]): Promise<Change[]> {
  const plain = commits.filter(({ parents }) => parents.length < 2).map(({ id }) => id);
  const args = ['diff-tree', '--stdin', '--no-commit-id', '--root', ...RAW];
  const changes = plain.length === 0 ? [] : parseChanges(await ask.text({ args, input: plain }));
  const merges = commits.filter(({ parents }) => parents.length > 1);
  const own: Change[][] = [];
  for (const merge of merges) own.push(await ownOfMerge(ask, merge, own.length));
  return [...changes, ...own.flat()];
}
