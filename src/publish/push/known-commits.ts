import { type Branches, isQueueBranch } from '../../workspaces/mirrors/branches.ts';
import type { Destined } from './plan.ts';

/**
 * The commits that a publication brings nothing of: what branches of the repository lead to, but for those of a merge
 * queue, which hold what forks brought and nobody merged yet. A patch goes to a thread
 * whose readers have the commit that the run began with, and so has whoever looks at what was only kept; a push brings
 * that commit, too, when it is a fork's.
 */
export function knownCommits(
  { as, base }: { as: Destined['as'] | undefined; base: string },
  branches: Branches,
): string[] {
  const own = [...branches].filter(([name]) => !isQueueBranch(name));
  const commits = [...new Set(own.map(([, commit]) => commit))];
  const isPushed = as !== undefined && as !== 'patch';
  return isPushed && commits.length > 0 ? commits : [...new Set([base, ...commits])];
}
