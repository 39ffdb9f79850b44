import type { Problem } from '../base/errors.ts';
import type { GitHubClient } from '../github/client.ts';
import { type PullRequest, readPullRequest } from '../github/pull-requests.ts';
import type { Branches } from '../workspaces/branches.ts';
import { readBranch } from '../workspaces/push.ts';
import type { Remote } from '../workspaces/remote.ts';
import { branchInTheWay } from './branch-in-the-way.ts';
import { branchNameProblem } from './branch-name.ts';
import type { Destined } from './plan.ts';

/** Which branch is pushed, and the commit it is at now (undefined: it is not there); `pull` is the pull request that it belongs to already. */
export type Destination = { branch: string; at: string | undefined; into: string; pull?: PullRequest };

/** Finds out where commits go, and refuses to replace what is not ours. Throws the codes of git's and GitHub's faults. */
export async function findDestination(
  parts: {
    client: GitHubClient;
    remote: Remote;
    branches: Branches;
    pushedTo(branch: string): Promise<ReadonlySet<string>>;
  },
  wish: Destined,
  signal: AbortSignal,
): Promise<Destination | { refused: Problem[] }> {
  if (wish.as === 'pull-request-branch') return await ownBranch(parts.client, wish);
  const { branch } = wish;
  const problem = branchNameProblem(branch) ?? branchInTheWay(branch, parts.branches);
  if (problem) return { refused: [problem] };
  const into = wish.into ?? (await targetOf(parts.client, wish));
  if (into === undefined) return { refused: [noPullRequest()] };
  const at = await readBranch(parts.remote, branch, { cwd: '/', signal });
  const isOurs = at === undefined || at === wish.commit || (await parts.pushedTo(branch)).has(at);
  return isOurs && branch !== into ? { branch, at, into } : { refused: [branchTaken(branch)] };
}

/** What a new pull request is to be merged into: the branch of the pull request that the run was about, or its base when that lies in a fork or the pull request is closed. */
async function targetOf(client: GitHubClient, wish: Destined): Promise<string | undefined> {
  const { owner, repository: repo, number } = wish;
  if (number === null) return undefined;
  const pull = await readPullRequest(client, { owner, repo, number });
  return pull.isFromFork || !pull.isOpen ? pull.baseRef : pull.headRef;
}

async function ownBranch(
  client: GitHubClient,
  wish: Destined,
): Promise<Destination | { refused: Problem[] }> {
  const { owner, repository: repo, number } = wish;
  if (number === null) return { refused: [noPullRequest()] };
  const pull = await readPullRequest(client, { owner, repo, number });
  if (!pull.isOpen) return { refused: [pullRequestClosed(number)] };
  if (pull.isFromFork) return { refused: [headInFork(number, pull)] };
  if (pull.headSha !== wish.base && pull.headSha !== wish.commit) return { refused: [headMoved(pull)] };
  return { branch: pull.headRef, at: pull.headSha, into: pull.baseRef, pull };
}

function branchTaken(branch: string): Problem {
  return {
    code: 'publish_branch_taken',
    message: `The branch ${branch} is there already, and no earlier run put it where it is now, so it is not replaced.`,
    mend: 'Merge or delete that branch, or put {{run}} into publish.branch so that every run has a branch of its own.',
  };
}

function noPullRequest(): Problem {
  return {
    code: 'publish_no_pull_request',
    message: 'The publication needs the pull request that the event is about, but the event is about none.',
    mend: 'Add "isPullRequest": true to the trigger, or set publish.as to "pull-request".',
  };
}

function pullRequestClosed(number: number): Problem {
  return {
    code: 'publish_pull_request_closed',
    message: `Pull request #${number} was closed meanwhile, so nothing was pushed to its branch.`,
    mend: 'Open it again and start the run anew; the patch is kept with this run (`github-flows runs show`).',
  };
}

function headInFork(number: number, { headRepository }: PullRequest): Problem {
  return {
    code: 'publish_fork',
    message: `The branch of pull request #${number} lies in ${headRepository ?? 'a fork that is gone'}, which the service does not push to.`,
    mend: 'Set publish.as to "pull-request" or "patch" for pull requests from forks ("isFork": true in a trigger tells them).',
  };
}

function headMoved({ number, headRef }: PullRequest): Problem {
  return {
    code: 'publish_head_moved',
    message: `${headRef}, the branch of pull request #${number}, was pushed to while the agent worked, so nothing was pushed.`,
    mend: 'Start the run again on top of the new commits; the patch is kept with this run (`github-flows runs show`).',
  };
}
