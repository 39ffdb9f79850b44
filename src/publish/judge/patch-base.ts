import type { AskGit } from '../ask-git.ts';
import { makeMerge } from './merges.ts';
import { type NewRange, rangeLines } from './new-commits.ts';

/** New commits that stand on more known ones than this are shown against the one that the run began with. */
const MAX_BOUNDARIES = 8;

/** A commit of the host's own, which nothing ever leads to. */
const IDENTITY = ['-c', 'user.name=github-flows', '-c', 'user.email=github-flows@noreply.invalid'];

/**
 * What a patch of new commits is made against: the known commit that they stand on; where they merged others, what git
 * makes of all of these by itself, so that the patch shows what the new commits do and not what they merged. A conflict
 * shows as it was resolved. Gives a commit or a tree. Throws `changes_invalid`, `changes_too_large`.
 */
export async function patchBase(ask: AskGit, range: NewRange, base: string): Promise<string> {
  const args = ['rev-list', '--boundary', '--stdin'];
  const lines = (await ask.text({ args, input: rangeLines(range) })).split('\n');
  const boundaries = lines.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
  if (boundaries.length < 2) return boundaries[0] ?? base;
  if (boundaries.length > 10 * MAX_BOUNDARIES) return base;
  const answer = await ask.text({ args: ['merge-base', '--independent', ...boundaries] });
  const heads = answer.split('\n').filter((line) => line !== '');
  return (heads.length > MAX_BOUNDARIES ? undefined : await mergeAll(ask, heads)) ?? base;
}

async function mergeAll(ask: AskGit, heads: readonly string[]): Promise<string | undefined> {
  let [whole, ...others] = heads;
  for (const other of others) {
    if (whole === undefined) return undefined;
    const made = await makeMerge(ask, whole, other);
    if (!made) return undefined;
    const args = [...IDENTITY, 'commit-tree', '-p', whole, '-p', other, '-m', 'merged', made.tree];
    whole = (await ask.text({ args })).trim();
  }
  return whole;
}
