import type { Problem } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import { isPlainBranchName } from '../../events/branch-name.ts';
import type { Branches } from '../../workspaces/mirrors/branches.ts';

/** Characters of a name that a message quotes. */
const SHOWN = 200;

/** Why a branch cannot have this name, or undefined when it can. */
export function branchNameProblem(name: string): Problem | undefined {
  if (isPlainBranchName(name)) return undefined;
  return {
    code: 'publish_branch_name',
    message: `publish.branch came to ${quoted(name, SHOWN)}, which git does not take as the name of a branch.`,
    hint: 'Use letters, digits, `-`, `_`, `.` and `/` in publish.branch, and variables that hold only such, as {{run}} and {{issueNumber}} do.',
  };
}

/** Why a branch cannot be where others are: git has no `a/b` beside `a`. Undefined when it can. */
export function branchInTheWay(branch: string, branches: Branches): Problem | undefined {
  if (branches.has(branch)) return undefined;
  const names = branch.split('/');
  const above = names.slice(1).map((_, at) => names.slice(0, at + 1).join('/'));
  const other =
    above.find((name) => branches.has(name)) ??
    [...branches.keys()].find((name) => name.startsWith(`${branch}/`));
  if (other === undefined) return undefined;
  return {
    code: 'publish_branch_in_the_way',
    message: `The branch ${branch} cannot be made, because there is a branch ${other}, and git has no branch below or above another one of that name.`,
    hint: `Set publish.branch in the profile to a name that begins with something else, or delete or rename the branch ${other}.`,
  };
}
