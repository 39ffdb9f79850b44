import { asFlowError } from '../../base/errors.ts';
import type { GitReader } from '../git-reader.ts';
import { type Change, parseChanges } from './changes.ts';

/** Further merges are not made again; they are compared with each parent, so that everything counts as their own. */
const MAX_MERGES = 100;

const RAW = '-r -z --raw --no-renames --no-abbrev'.split(' ');
const NOTHING = { mode: '000000', id: '0'.repeat(40) };

/** What two commits come to when git merges them by itself; `sides` has both sides' contents of each path in conflict. */
type MadeMerge = { tree: string; sides: ReadonlyMap<string, readonly Side[]> };

type Side = { mode: string; id: string };

/**
 * Merges two commits as git does without anybody's help; undefined where it cannot. What is in conflict stands in the
 * tree with git's own marks. https://git-scm.com/docs/git-merge-tree
 */
export async function makeMerge(
  reader: GitReader,
  one: string,
  other: string,
): Promise<MadeMerge | undefined> {
  const args = 'merge-tree --write-tree -z --no-messages --allow-unrelated-histories'.split(' ');
  try {
    const answer = await reader.text({ args: [...args, one, other], accepts: [1] });
    const [tree = '', ...conflicts] = answer.split('\0');
    return { tree, sides: readSides(conflicts) };
  } catch (error) {
    if (asFlowError(error).code === 'changes_invalid') return undefined;
    throw error;
  }
}

/**
 * What a merge does that git would not have done by itself: what it changes in the merge that git makes, unless a side
 * was taken whole where the sides were in conflict. So a side that was dropped counts as a change, and one that was
 * merged does not. Merges of more than two sides are compared with each of them.
 */
export async function ownOfMerge(
  reader: GitReader,
  merge: { id: string; parents: readonly string[] },
  before: number,
): Promise<Change[]> {
  const [one = '', other = '', ...more] = merge.parents;
  const made = more.length > 0 || before >= MAX_MERGES ? undefined : await makeMerge(reader, one, other);
  if (!made) {
    const args = ['diff-tree', '--stdin', '--no-commit-id', '-m', ...RAW];
    return parseChanges(await reader.text({ args, input: [merge.id] }));
  }
  const changes = parseChanges(await reader.text({ args: ['diff-tree', ...RAW, made.tree, merge.id] }));
  return changes.filter(({ path, mode, id }) => {
    const sides = made.sides.get(path) ?? [];
    return !sides.some((side) => side.mode === mode && side.id === id);
  });
}

/** Records `<mode> <id> <stage>\t<path>`, stage 1 the common ancestor, 2 and 3 the sides; a stage that is not there is a side without the file. */
function readSides(records: readonly string[]): Map<string, Side[]> {
  const sides = new Map<string, Map<string, Side>>();
  for (const record of records) {
    const [, mode, id, stage, path] = /^(\d{6}) ([0-9a-f]{40}) ([123])\t(.+)$/s.exec(record) ?? [];
    if (mode === undefined || id === undefined || stage === undefined || path === undefined) continue;
    const [change] = parseChanges(`:${mode} ${mode} ${id} ${id} M\0${path}\0`);
    const name = change?.path ?? path;
    sides.set(name, (sides.get(name) ?? new Map<string, Side>()).set(stage, { mode, id }));
  }
  const both = (stages: Map<string, Side>): Side[] => ['2', '3'].map((stage) => stages.get(stage) ?? NOTHING);
  return new Map([...sides].map(([path, stages]) => [path, both(stages)]));
}
