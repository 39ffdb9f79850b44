/** Longer names do not fit into a file name on every system. */
const MAX_LENGTH = 200;

/**
 * Whether git takes a name for a branch, and nothing can take it for an option, for `HEAD`, for a commit, or for what
 * GitHub keeps to itself. https://git-scm.com/docs/git-check-ref-format
 */
export function isBranchName(name: string): boolean {
  return (
    name !== '' &&
    !/[\p{Cc}\p{Z}~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$|^@$/u.test(name) &&
    !name.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock')) &&
    !/^(?:refs\/|gh-readonly-queue\/|HEAD$|FETCH_HEAD$)/.test(name) &&
    !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name)
  );
}

/** The same for a branch that the service makes itself: short, and of characters that look alike everywhere. */
export function isPlainBranchName(name: string): boolean {
  return name.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(name) && isBranchName(name);
}
