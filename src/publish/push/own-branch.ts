import type { Problem } from '../../base/errors.ts';
import { askBranch } from '../../github/branches.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { PullRequest } from '../../github/pull-requests.ts';

/** Why the branch of a pull request itself is not pushed to, or undefined when it may be. Throws the codes of GitHub's faults. */
export async function refuseOwnBranch(
  client: GitHubClient,
  { owner, repository: repo }: { owner: string; repository: string },
  pull: PullRequest,
): Promise<Problem | undefined> {
  if (!pull.isOpen) return pullRequestClosed(pull.number);
  if (pull.isFromFork) return headInFork(pull);
  if (pull.headRef === pull.defaultBranch)
    return branchProtected(pull, 'the default branch of the repository');
  const branch = await askBranch(client, { owner, repo, branch: pull.headRef });
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
    hint: 'Set publish.as to "pull-request" or "patch" for pull requests from forks ("isFork": true in a trigger tells them).',
  };
}

function branchProtected({ number, headRef }: PullRequest, what: string): Problem {
  return {
    code: 'publish_branch_protected',
    message: `${headRef}, the branch of pull request #${number}, is ${what}, which no run pushes to.`,
    hint: 'Set publish.as to "pull-request", so that the run’s commits come by a pull request of their own.',
  };
}
