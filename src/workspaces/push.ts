import { FlowError } from '../base/errors.ts';
import { repositoryUnreachable } from './errors.ts';
import { lastWords, runGit } from './git.ts';
import type { Remote } from './remote.ts';
import { whileYoung } from './young.ts';

/** How long a push may take; what the limits of a publication let through is small. */
const PUSH_TIMEOUT_MS = 120_000;
const LOOK_TIMEOUT_MS = 30_000;

/** The commit that a branch of the remote is at, or undefined when there is no such branch. Throws what reading a repository throws. */
export async function readBranch(
  remote: Remote,
  branch: string,
  options: { cwd: string; signal: AbortSignal },
): Promise<string | undefined> {
  return await whileYoung(remote, options.signal, () => lookForBranch(remote, branch, options));
}

async function lookForBranch(
  remote: Remote,
  branch: string,
  options: { cwd: string; signal: AbortSignal },
): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`;
  const { stdout, stderr, exitCode } = await runGit(['ls-remote', '--heads', '--', remote.url, ref], {
    cwd: options.cwd,
    env: await remote.env(),
    settings: remote.settings,
    timeoutMs: LOOK_TIMEOUT_MS,
    signal: options.signal,
  });
  if (exitCode !== 0)
    throw (await remote.diagnose(options.signal)) ?? repositoryUnreachable(remote.url, lastWords(stderr));
  const line = stdout.split('\n').find((each) => each.endsWith(`\t${ref}`));
  return line?.split('\t')[0];
}

/**
 * Puts a commit of a bare repository of ours at a branch of the remote, in one step, and only if the branch is still
 * where it was seen: at `expected`, or not there. Throws `push_branch_moved` when it is not, `push_refused` when the
 * server does not take it (a protected branch, a rule), and what reading a repository throws.
 */
export async function pushCommit(remote: Remote, what: Push, signal: AbortSignal): Promise<void> {
  await whileYoung(remote, signal, () => pushOnce(remote, what, signal));
}

type Push = { repository: string; commit: string; branch: string; expected: string | undefined };

async function pushOnce(remote: Remote, what: Push, signal: AbortSignal): Promise<void> {
  const ref = `refs/heads/${what.branch}`;
  const { stdout, stderr, exitCode } = await runGit(
    [
      `--git-dir=${what.repository}`,
      'push',
      '--porcelain',
      '--no-verify',
      '--no-signed',
      '--no-follow-tags',
      '--recurse-submodules=no',
      `--force-with-lease=${ref}:${what.expected ?? ''}`,
      '--',
      remote.url,
      `${what.commit}:${ref}`,
    ],
    {
      env: await remote.env(),
      settings: [...remote.settings, 'pack.threads=1'],
      timeoutMs: PUSH_TIMEOUT_MS,
      signal,
    },
  );
  if (exitCode === 0) return;
  const refusal = /^!\t[^\t]*\t(.*)$/m.exec(stdout)?.[1];
  if (refusal === undefined) throw await pushFailed(remote, stderr, signal);
  const said = [refusal, ...remoteWords(stderr)].join('; ');
  if (MOVED.test(said) && !TAKEN.test(said)) throw branchMoved(what.branch);
  throw pushRefused(what.branch, remote.url, said);
}

/** What git and servers say of a push that came second. https://github.com/git/git/blob/master/refs/files-backend.c */
const MOVED = /stale info|cannot lock ref|failed to update ref|already exists\)|incorrect old value/;

/** What they say of `a/b` where `a` is a branch, which stays so. */
const TAKEN = /cannot create|directory file conflict/;

/** The server took no push at all; reading may be another matter. */
async function pushFailed(remote: Remote, stderr: string, signal: AbortSignal): Promise<FlowError> {
  const fault = await remote.diagnose(signal);
  if (fault) return fault;
  const words = lastWords(stderr);
  return /\b40[134]\b|Authentication failed|could not read (?:Username|Password)|not found|denied|not allowed/i.test(
    words,
  )
    ? pushForbidden(remote.url, words)
    : repositoryUnreachable(remote.url, words);
}

/** What the server's own hooks and rules said. */
function remoteWords(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('remote: '))
    .map((line) => line.slice('remote: '.length).trim())
    .filter((line) => line !== '')
    .slice(0, 5);
}

function branchMoved(branch: string): FlowError {
  return new FlowError({
    code: 'push_branch_moved',
    blame: 'github',
    message: `The branch ${branch} moved while it was about to be pushed, so nothing was pushed.`,
    mend: 'Look at what was pushed to the branch meanwhile, and start the run again on top of it.',
  });
}

function pushForbidden(url: string, said: string): FlowError {
  return new FlowError({
    code: 'push_forbidden',
    blame: 'operator',
    message: `${url} can be read with the service’s token, but not pushed to: ${said}.`,
    mend: 'Give the token, or the GitHub App, write access to the contents of this repository, and see that it is not archived.',
  });
}

function pushRefused(branch: string, url: string, said: string): FlowError {
  return new FlowError({
    code: 'push_refused',
    blame: 'operator',
    message: `${url} does not take the branch ${branch}: ${said.slice(0, 500)}.`,
    mend: 'See the branch protection and rulesets of the repository, and that the token may write contents (and workflows, if these changed).',
  });
}
