import type { Problem } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import { isPlainBranchName } from '../../events/branch-name.ts';

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
