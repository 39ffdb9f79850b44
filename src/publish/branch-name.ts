import type { Problem } from '../base/errors.ts';

/** Longer names do not fit into a file name on every system. */
const MAX_LENGTH = 200;

/**
 * Why a branch cannot have this name, or undefined when it can: git's own rules for names, and none that could be
 * taken for an option, for `HEAD` or for a commit. https://git-scm.com/docs/git-check-ref-format
 */
export function branchNameProblem(name: string): Problem | undefined {
  const bad =
    name === '' ||
    name.length > MAX_LENGTH ||
    /[^\x21-\x7e]|[~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$|^@$/.test(name) ||
    name.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock')) ||
    /^(?:refs\/|HEAD$|FETCH_HEAD$)/.test(name) ||
    /^[0-9a-f]{40}$/.test(name);
  if (!bad) return undefined;
  return {
    code: 'publish_branch_name',
    message: `publish.branch came to ${JSON.stringify(name.slice(0, MAX_LENGTH))}, which git does not take as the name of a branch.`,
    mend: 'Use letters, digits, `-`, `_`, `.` and `/` in publish.branch, and variables that hold only such, as {{run}} and {{issueNumber}} do.',
  };
}
