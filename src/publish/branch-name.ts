import type { Problem } from '../base/errors.ts';
import { isPlainBranchName } from '../events/branch-name.ts';

/** Characters of a name that a message quotes. */
const SHOWN = 200;

/** Why a branch cannot have this name, or undefined when it can. */
export function branchNameProblem(name: string): Problem | undefined {
  if (isPlainBranchName(name)) return undefined;
  return {
    code: 'publish_branch_name',
    message: `publish.branch came to ${JSON.stringify(name.slice(0, SHOWN))}, which git does not take as the name of a branch.`,
    mend: 'Use letters, digits, `-`, `_`, `.` and `/` in publish.branch, and variables that hold only such, as {{run}} and {{issueNumber}} do.',
  };
}

/** The names that a branch makes folders of: `a` and `a/b` of `a/b/c`. */
export function foldersOf(branch: string): string[] {
  const parts = branch.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** A branch among `names` that leaves no place for another one, because git keeps one of them as a folder where the other is a file. */
export function blockingBranch(branch: string, names: Iterable<string>): string | undefined {
  const folders = new Set(foldersOf(branch));
  return [...names].find((name) => folders.has(name) || name.startsWith(`${branch}/`));
}

/** A branch of the repository is in the way of one that would be pushed. */
export function branchBlocked(branch: string, blocking: string): Problem {
  return {
    code: 'publish_branch_blocked',
    message: `The branch ${branch} cannot be made: there is a branch ${blocking}, and git takes no branch whose name is the folder of another.`,
    mend: `Begin publish.branch of the profile with another word, or rename or delete the branch ${blocking}.`,
  };
}
