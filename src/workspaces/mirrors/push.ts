import { FlowError } from '../../base/errors.ts';
import { repositoryUnreachable } from '../errors.ts';
import { lastLines, runGit, serverLines } from '../git.ts';
import { type Remote, whileYoung } from '../remote.ts';
import { type PushRefusal, readRefusals } from './push-refusals.ts';

/** How long a push may take; what the limits of a publication let through is small. */
const PUSH_TIMEOUT_MS = 120_000;

/**
 * Pushes a commit of a bare repository of ours to a branch of the remote, in one step, and only if the branch is still
 * at `expected` (undefined: it does not exist). Gives each reason why the server refuses it (a protected branch, a
 * rule), none when it accepts it. Throws `push_branch_moved` when the branch is elsewhere, and what reading
 * a repository throws. `name` is how the repository is called where people read it.
 */
export async function pushCommit(remote: Remote, what: Push, signal: AbortSignal): Promise<PushRefusal[]> {
  return await whileYoung(remote, signal, () => pushOnce(remote, what, signal));
}

type Push = {
  repository: string;
  commit: string;
  branch: string;
  expected: string | undefined;
  name: string;
};

async function pushOnce(remote: Remote, what: Push, signal: AbortSignal): Promise<PushRefusal[]> {
  const ref = `refs/heads/${what.branch}`;
  const flags = ['--porcelain', '--no-verify', '--no-signed', '--no-follow-tags', '--recurse-submodules=no'];
  const lease = `--force-with-lease=${ref}:${what.expected ?? ''}`;
  const { stdout, stderr, exitCode } = await remote.withEnv(
    async (env) =>
      await runGit(
        [`--git-dir=${what.repository}`, 'push', ...flags, lease, '--', remote.url, `${what.commit}:${ref}`],
        {
          env,
          settings: [...remote.settings, 'pack.threads=1'],
          timeoutMs: PUSH_TIMEOUT_MS,
          signal,
        },
      ),
  );
  if (exitCode === 0) return [];
  const refusal = /^!\t[^\t]*\t(.*)$/m.exec(stdout)?.[1];
  if (refusal === undefined) throw await pushFailed(remote, { name: what.name, stderr }, signal);
  const lines = [...serverLines(stderr), shortReason(refusal)];
  const answer = lines.join('\n');
  if (MOVED.test(answer) && !TAKEN.test(answer)) throw branchMoved(what.branch);
  const refusals = readRefusals(what, lines);
  if ('outage' in refusals) throw repositoryUnreachable(remote.url, refusals.outage);
  return refusals;
}

/** How git and servers report that another push came first. https://github.com/git/git/blob/master/refs/files-backend.c */
const MOVED = /stale info|cannot lock ref|failed to update ref|already exists\)|incorrect old value/;

/** How they report that `a/b` cannot exist beside a branch `a`. No later push changes that. */
const TAKEN = /cannot create|directory file conflict/;

/** Git's own reason for this branch: `[remote rejected] (pre-receive hook declined)`. */
function shortReason(refusal: string): string {
  return refusal.replace(/^\[remote rejected\] /, '');
}

/** The server took no push at all; reading may be another matter. */
async function pushFailed(
  remote: Remote,
  { name, stderr }: { name: string; stderr: string },
  signal: AbortSignal,
): Promise<FlowError> {
  const issue = await remote.diagnose(signal);
  if (issue) return issue;
  const detail = lastLines(stderr);
  return /\b40[134]\b|Authentication failed|could not read (?:Username|Password)|not found|denied|not allowed/i.test(
    detail,
  )
    ? pushForbidden(name, detail)
    : repositoryUnreachable(remote.url, detail);
}

function branchMoved(branch: string): FlowError {
  return new FlowError({
    code: 'push_branch_moved',
    blame: 'github',
    message: `The branch ${branch} moved while it was about to be pushed, so nothing was pushed.`,
    hint: 'Look at what was pushed to the branch meanwhile, and start the run again on top of it.',
  });
}

function pushForbidden(name: string, detail: string): FlowError {
  return new FlowError({
    code: 'push_forbidden',
    blame: 'operator',
    message: `${name} can be read with the service’s token, but not pushed to: ${detail}.`,
    hint: 'Give the token, or the GitHub App, write access to the contents of this repository, and see that it is not archived.',
  });
}
