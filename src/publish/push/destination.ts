import { posix } from 'node:path';
import type { Problem } from '../../base/errors.ts';
import type { GitHubClient } from '../../github/client.ts';
import { fetchBranch, fetchPullRequest, type PullRequest } from '../../github/pull-requests.ts';
import { lookAt } from '../../workspaces/look.ts';
import { type Branches, isQueueBranch } from '../../workspaces/mirrors/branches.ts';
import type { Remote } from '../../workspaces/remote.ts';
import { branchInTheWay, branchNameProblem } from './branch-name.ts';
import type { DestinationRequest } from './plan.ts';

/** Which branch is pushed, and the commit it is at now (undefined: it is not there); `pull` is the pull request that it belongs to already. */
export type Destination = { branch: string; at: string | undefined; into: string; pull?: PullRequest };

type Parts = { client: GitHubClient; remote: Remote; pushedTo(branch: string): Promise<ReadonlySet<string>> };

/** Finds out where commits go, among the branches that are there now, and refuses to replace what is not ours. Throws the codes of git's and GitHub's errors. */
export async function findDestination(
  parts: Parts,
  request: DestinationRequest,
  signal: AbortSignal,
): Promise<Destination | { refused: Problem[] }> {
  if (request.as === 'pull-request-branch') return await ownBranch(parts.client, request);
  const { branch } = request;
  const problem = branchNameProblem(branch);
  if (problem) return { refused: [problem] };
  const wanted = request.into ?? (await targetOf(parts.client, request));
  if (wanted === undefined) return { refused: [noPullRequest()] };
  const branches = await look(parts.remote, [branch, wanted], signal);
  const into = await confirm(parts, { request, wanted, branches }, signal);
  if (typeof into === 'object') return { refused: [into] };
  const blocked = branchInTheWay(branch, branches);
  if (blocked) return { refused: [blocked] };
  const at = branches.get(branch);
  const isOurs = at === undefined || at === request.commit || (await parts.pushedTo(branch)).has(at);
  return isOurs && branch !== into ? { branch, at, into } : { refused: [branchTaken(branch)] };
}

/** Branches as they are now, with those that are folders of them, or lie in them as in a folder. */
async function look(remote: Remote, names: readonly string[], signal: AbortSignal): Promise<Branches> {
  const above = (name: string): string[] =>
    name.includes('/') ? [posix.dirname(name), ...above(posix.dirname(name))] : [];
  const patterns = names.flatMap((name) => [name, ...above(name), `${name}/*`]);
  const full = patterns.map((name) => `refs/heads/${name}`);
  const { refs } = await lookAt(remote, full, { cwd: '/', signal, heads: true });
  return new Map([...refs].map(([ref, commit]) => [ref.slice('refs/heads/'.length), commit]));
}

/** The target as it is called now: a default branch that was renamed is followed, another one is not. */
async function confirm(
  { client, remote }: Parts,
  { request, wanted, branches }: { request: DestinationRequest; wanted: string; branches: Branches },
  signal: AbortSignal,
): Promise<string | Problem> {
  if (branches.has(wanted) && !isQueueBranch(wanted)) return wanted;
  const { owner, repository: repo } = request;
  const now = request.isDefault
    ? (await lookAt(remote, ['HEAD'], { cwd: '/', signal })).head
    : (await fetchBranch(client, { owner, repo, branch: wanted }))?.name;
  return request.isDefault && now !== undefined ? now : targetGone(wanted, now);
}

/** What a new pull request is to be merged into: the branch of the pull request that the run was about, or its base when that lies in a fork or the pull request is closed. */
async function targetOf(client: GitHubClient, request: DestinationRequest): Promise<string | undefined> {
  const { owner, repository: repo, number } = request;
  if (number === null) return undefined;
  return targetOfPull(await fetchPullRequest(client, { owner, repo, number }));
}

/** The branch that a pull request of a run about another one is to be merged into. */
export function targetOfPull(pull: PullRequest): string {
  return pull.isFromFork || !pull.isOpen ? pull.baseRef : pull.headRef;
}

async function ownBranch(
  client: GitHubClient,
  request: DestinationRequest,
): Promise<Destination | { refused: Problem[] }> {
  const { owner, repository: repo, number } = request;
  if (number === null) return { refused: [noPullRequest()] };
  const pull = await fetchPullRequest(client, { owner, repo, number });
  const problem = await refuseOwnBranch(client, request, pull);
  if (problem) return { refused: [problem] };
  if (pull.headSha !== request.base && pull.headSha !== request.commit) return { refused: [headMoved(pull)] };
  return { branch: pull.headRef, at: pull.headSha, into: pull.baseRef, pull };
}

/** Why the branch of a pull request itself is not pushed to, or undefined when it may be. Throws the codes of GitHub's errors. */
export async function refuseOwnBranch(
  client: GitHubClient,
  { owner, repository: repo }: { owner: string; repository: string },
  pull: PullRequest,
): Promise<Problem | undefined> {
  if (!pull.isOpen) return pullRequestClosed(pull.number);
  if (pull.isFromFork) return headInFork(pull);
  if (pull.headRef === pull.defaultBranch)
    return branchProtected(pull, 'the default branch of the repository');
  const branch = await fetchBranch(client, { owner, repo, branch: pull.headRef });
  return branch?.isProtected ? branchProtected(pull, 'a protected branch') : undefined;
}

function pullRequestClosed(number: number): Problem {
  return {
    code: 'publish_thread_closed',
    message: `Pull request #${number} is closed, so nothing is pushed to its branch.`,
    hint: 'Open it again and start the run anew; what a run committed is kept with it (`github-flows runs show`).',
  };
}

function headInFork({ number, headRepository }: PullRequest): Problem {
  return {
    code: 'publish_fork',
    message: `The branch of pull request #${number} lies in ${headRepository ?? 'a fork that is gone'}, which the service does not push to.`,
    hint: 'Set publish.as to "pull-request" or "patch" for pull requests from forks ("isFork": true in a trigger matches them).',
  };
}

function branchProtected({ number, headRef }: PullRequest, what: string): Problem {
  return {
    code: 'publish_branch_protected',
    message: `${headRef}, the branch of pull request #${number}, is ${what}, which no run pushes to.`,
    hint: 'Set publish.as to "pull-request", so that the run’s commits come by a pull request of their own.',
  };
}

/** A branch that no run of the service may replace. */
export function branchTaken(branch: string): Problem {
  return {
    code: 'publish_branch_taken',
    message: `The branch ${branch} is there already, and no earlier run put it where it is now, so it is not replaced.`,
    hint: 'Merge or delete that branch, or put {{run}} into publish.branch so that every run has a branch of its own.',
  };
}

/** A branch that pull requests were to be merged into is none of the repository's; `renamed` is its present name, where GitHub gives one. */
export function targetGone(name: string, renamed?: string): Problem {
  const isRenamed = renamed !== undefined && renamed !== name;
  return {
    code: 'publish_target_gone',
    message: `${name}, which the pull request of this run would be merged into, is no branch of the repository now${isRenamed ? `: it is called ${renamed}` : ''}.`,
    hint: isRenamed
      ? `Write ${JSON.stringify(renamed)} where the profile names the branch, and start the run again.`
      : 'Name a branch that is there in `checkout.ref`, or remove it to work on the default branch. A tag, a commit or a branch of a merge queue is no target of a pull request.',
  };
}

/** The publication is about a pull request, and the event about none. */
export function noPullRequest(): Problem {
  return {
    code: 'publish_no_pull_request',
    message: 'The publication needs the pull request that the event is about, but the event is about none.',
    hint: 'Add "isPullRequest": true to the trigger, or set publish.as to "pull-request".',
  };
}

function headMoved({ number, headRef }: PullRequest): Problem {
  return {
    code: 'publish_head_moved',
    message: `${headRef}, the branch of pull request #${number}, was pushed to while the agent worked, so nothing was pushed.`,
    hint: 'Start the run again on top of the new commits; the patch is kept with this run (`github-flows runs show`).',
  };
}
