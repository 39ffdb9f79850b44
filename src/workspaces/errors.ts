import { formatBytes } from '../base/bytes.ts';
import { FlowError } from '../base/errors.ts';

/** An owner, repository or run id that may not become part of a path or an address. */
export function nameRefused(kind: string, value: string): FlowError {
  return new FlowError({
    code: 'name_refused',
    blame: 'sender',
    message: `The ${kind} ${JSON.stringify(value)} cannot be part of a path: GitHub’s names are 1 to 100 of A–Z a–z 0–9 . _ - and neither “.” nor “..”.`,
    hint: 'Look where the name comes from; GitHub never sends such a one.',
  });
}

/** A repository id that is no number of GitHub's. */
export function repositoryIdRefused(value: unknown): FlowError {
  return new FlowError({
    code: 'repository_id_refused',
    blame: 'sender',
    message: `${JSON.stringify(value)} is no repository id: GitHub’s are whole numbers above 0.`,
    hint: 'Look where the event comes from; GitHub always sends `repository.id` as a number.',
  });
}

/** A branch, tag or other ref whose name git does not allow, or that git could take for an option. */
export function refRefused(value: string): FlowError {
  return new FlowError({
    code: 'ref_refused',
    blame: 'profile',
    message: `${JSON.stringify(value)} cannot be the name of a branch, tag or other ref.`,
    hint: 'Name an existing branch, tag, full ref (refs/…) or commit of 40 hex digits; `git check-ref-format --branch NAME` says whether git allows a name.',
  });
}

/** A commit that is not written as 40 lower-case hex digits. */
export function commitRefused(value: string): FlowError {
  return new FlowError({
    code: 'commit_refused',
    blame: 'sender',
    message: `${JSON.stringify(value)} is no commit: 40 hex digits were expected.`,
    hint: 'Give the whole commit id, as `git rev-parse` prints it.',
  });
}

/** A `GITHUB_SERVER_URL` that git is not allowed to use. */
export function serverUrlRefused(shown: string): FlowError {
  return new FlowError({
    code: 'server_url_refused',
    blame: 'operator',
    message: `Repositories cannot be cloned from ${shown}: only https, http and file addresses without a user, a password, a query or a fragment are used.`,
    hint: 'Set GITHUB_SERVER_URL to the plain address, like https://github.com; the token belongs in the gh-token file.',
  });
}

/** Nothing answered where the repository should be, or not as a git server does. */
export function repositoryUnreachable(url: string, detail: string): FlowError {
  return new FlowError({
    code: 'repository_unreachable',
    blame: 'github',
    message: `${url} could not be reached: ${detail}.`,
    hint: `Try \`git ls-remote ${url}\` on this machine; check the network, a proxy and GITHUB_SERVER_URL, and GitHub’s status page.`,
  });
}

/** The server requires a credential, or does not accept the one it got; `said` is a sentence with its own words. */
export function repositoryLoginRefused(url: string, said = ''): FlowError {
  return new FlowError({
    code: 'repository_login_refused',
    blame: 'operator',
    message: `${url} requires a credential and does not accept the one that the service has, if any (status 401).${said}`,
    hint: 'Where a GitHub App serves the repository, run `github-flows app test`; else put a token that is valid and may read its contents into SECRETS_DIR/gh-token. `github-flows doctor` checks both.',
  });
}

/** The server knows the credential and refuses. */
export function repositoryForbidden(url: string, said = ''): FlowError {
  return new FlowError({
    code: 'repository_forbidden',
    blame: 'operator',
    message: `${url} may not be read with the service’s token (status 403).${said}`,
    hint: 'Give the token of the gh-token file, or the GitHub App, read access to this repository’s contents. The organisation must approve it, for single sign-on and its list of addresses too.',
  });
}

/** There is no such repository, or the token does not reach it: GitHub answers both alike. */
export function repositoryNotFound(url: string, said = ''): FlowError {
  return new FlowError({
    code: 'repository_not_found',
    blame: 'operator',
    message: `There is no repository at ${url}, or the service’s token does not reach it.${said}`,
    hint: 'Check GITHUB_SERVER_URL, and that the token was given this repository; a private one looks like none at all without that.',
  });
}

/** The repository has no commit yet. */
export function repositoryEmpty(url: string): FlowError {
  return new FlowError({
    code: 'repository_empty',
    blame: 'operator',
    message: `${url} has no commit yet, so there is nothing to work on.`,
    hint: 'Push a first commit, then start the run again.',
  });
}

/** The branch, tag or pull request is not (or no longer) there. */
export function refNotFound(url: string, ref: string): FlowError {
  const merge = /^refs\/pull\/\d+\/merge$/.test(ref);
  return new FlowError({
    code: 'ref_not_found',
    blame: 'profile',
    message: `${url} has no ${ref} that leads to a commit.`,
    hint: merge
      ? 'GitHub makes the merge commit only while the pull request is open and without conflicts; fix the conflicts, or check out pull-request-head.'
      : 'Check the profile’s `checkout` and whether the branch, tag or pull request still exists.',
  });
}

/** A ref that is not there, and the branch that it is now: GitHub leads from a branch's old name to the new one. */
export function refRenamed(cause: FlowError, ref: string, now: string): FlowError {
  return new FlowError({
    code: 'ref_not_found',
    blame: 'profile',
    message: `${cause.message} The branch ${JSON.stringify(ref)} is called ${JSON.stringify(now)} now.`,
    hint: `Write ${JSON.stringify(now)} in the profile’s \`checkout.ref\`.`,
    cause,
  });
}

/** The commit is not there: overwritten by a forced push and gone since, or never pushed. */
export function commitNotFound(url: string, commit: string): FlowError {
  return new FlowError({
    code: 'commit_not_found',
    blame: 'sender',
    message: `${url} does not have the commit ${commit} any more (a forced push, perhaps).`,
    hint: 'Start the run again by a new event, so that it works on a commit that is there.',
  });
}

/** The server answers, but the fetch ends in an error. */
export function fetchFailed(url: string, detail: string): FlowError {
  return new FlowError({
    code: 'fetch_failed',
    blame: 'github',
    message: `${url} answers, but fetching from it failed twice: ${detail}.`,
    hint: `Try \`git clone --bare ${url}\` on this machine as the service’s user.`,
  });
}

/** Git could not say which branches hold a commit. */
export function branchesUnknown(detail: string): FlowError {
  return new FlowError({
    code: 'branches_unknown',
    blame: 'service',
    message: `Git did not say which branches of the repository hold the commit: ${detail}.`,
    hint: 'Try again; if it stays so, remove the repository’s mirror below VAR_DIR/mirrors, which is then made anew.',
  });
}

/** No room is left where mirrors or workspaces are kept. */
export function diskFull(dir: string, freeBytes: number): FlowError {
  return new FlowError({
    code: 'disk_full',
    blame: 'operator',
    message: `There is no room for the repository: ${formatBytes(freeBytes)} are free for ${dir}.`,
    hint: `Make room (\`docker image prune\`, \`du -xh ${dir} | sort -h | tail\`), or set VAR_DIR or WORKSPACE_ROOT to a larger disk.`,
  });
}

/** A commit that is in the mirror could not be laid out as a working tree. */
export function checkoutFailed(parts: {
  mirror: string;
  commit: string;
  detail: string;
  cause?: unknown;
}): FlowError {
  return new FlowError({
    code: 'checkout_failed',
    blame: 'service',
    message: `The commit ${parts.commit} could not be checked out from ${parts.mirror}: ${parts.detail}.`,
    hint: `If the mirror is damaged, remove it (rm -rf -- ${parts.mirror}); the next run makes it anew.`,
    cause: parts.cause,
  });
}

/** Something of a workspace could not be removed. */
export function workspaceNotRemoved(dir: string, detail: string): FlowError {
  return new FlowError({
    code: 'workspace_not_removed',
    blame: 'operator',
    message: `The workspace ${dir} could not be removed: ${detail}.`,
    hint: `Remove it as root: sudo rm -rf -- ${dir}`,
  });
}

/** Git was ended by one of the limits that hold for each of its processes on this host. */
export function overLimits(
  what: string,
  limits: { cpuSec: number; memoryBytes: number; fileBytes: number },
  doing: string,
): FlowError {
  const { cpuSec, memoryBytes, fileBytes } = limits;
  return new FlowError({
    code: 'repository_over_limits',
    blame: 'sender',
    message: `Git wanted more ${what} than it may have while it ${doing}: a process has ${cpuSec} s of processor time, ${formatBytes(memoryBytes)} of memory and ${formatBytes(fileBytes)} for one file.`,
    hint: 'See what is in the commit; if the repository is that large by right, raise GIT_CPU_SEC, GIT_MEMORY, FETCH_BYTES, CHECKOUT_BYTES or PREPARE_TIMEOUT_SEC (docs/configuration.md).',
  });
}

/** A fetch that brings more than it may, all its files together. */
export function fetchTooLarge(bytes: number): FlowError {
  return new FlowError({
    code: 'repository_over_limits',
    blame: 'sender',
    message: `The server gave more than ${formatBytes(bytes)} in one fetch, and a fetch may bring no more.`,
    hint: 'See what is in the repository; if it is that large by right, raise FETCH_BYTES (docs/configuration.md).',
  });
}

/** More files, or more bytes in them, than a workspace may begin with; counted before any of it is written. */
export function checkoutTooLarge(
  commit: string,
  passed: { what: string; limit: string; option: string },
): FlowError {
  return new FlowError({
    code: 'checkout_too_large',
    blame: 'sender',
    message: `The commit ${commit} holds more than ${passed.limit} ${passed.what}, and a workspace begins with no more than that.`,
    hint: `See what is in the commit; if it is that large by right, raise ${passed.option} (docs/configuration.md).`,
  });
}

/** Git refuses to make the files of a commit: their names lead out of the tree, into .git, or fit no file system. */
export function checkoutRefused(commit: string, detail: string): FlowError {
  return new FlowError({
    code: 'checkout_failed',
    blame: 'sender',
    message: `The files of the commit ${commit} cannot be made: ${detail}.`,
    hint: 'Rename what git names here in a new commit: paths may not lead out of the repository or into .git, and no name may be longer than 255 bytes.',
  });
}

/** A repository whose objects are named by SHA-256, which cannot be fetched into one of SHA-1. */
export function sha256Unsupported(what: string): FlowError {
  return new FlowError({
    code: 'repository_sha256_unsupported',
    blame: 'operator',
    message: `${what} names its objects by SHA-256 (64 hex digits), and only repositories of SHA-1 are worked on.`,
    hint: 'Take the repository out of the trigger, or move it to one that was made with `git init --object-format=sha1`.',
  });
}
