import { asFlowError, FlowError, type Problem } from '../../base/errors.ts';
import type { GitHubClient } from '../../github/client.ts';
import { fetchPullRequest, type PullRequest } from '../../github/pull-requests.ts';
import type { Profile, PublishRule } from '../../profiles/profile.ts';
import { branchInTheWay, branchNameProblem } from '../../publish/push/branch-name.ts';
import {
  branchTaken,
  noPullRequest,
  refuseOwnBranch,
  targetGone,
  targetOfPull,
} from '../../publish/push/destination.ts';
import { mainMirror } from '../../workspaces/mirrors/apart.ts';
import {
  type Branches,
  branchesWith,
  isQueueBranch,
  readBranches,
} from '../../workspaces/mirrors/branches.ts';
import { type Purpose, publishPurpose } from '../github/github-credential.ts';
import { branchOf } from '../publishing/publication.ts';
import { findTarget, type MergeTarget } from '../publishing/target.ts';
import { type CloneSource, isPublished } from './clone-source.ts';
import type { Prepared } from './prepare.ts';

/** What GitHub is asked with. */
export type CheckPublicationParts = {
  clientFor(profile: Profile, repository: string, purpose: Purpose): GitHubClient;
};

/**
 * Checks before the agent works what is known of its publication by then: the target, and that it can be pushed to. The push
 * checks again. Throws what would be refused then; without an answer of GitHub nothing is refused.
 */
export async function checkPublication(
  parts: CheckPublicationParts,
  { profile, event, run }: Pick<Prepared, 'profile' | 'event' | 'run'>,
  { mirror, commit, home }: Pick<CloneSource, 'mirror' | 'commit' | 'home'>,
  signal: AbortSignal,
): Promise<MergeTarget | undefined> {
  const rule = profile.publish;
  if (!rule || !isPublished(profile) || home === undefined) return undefined;
  const main = mainMirror(mirror);
  const branches = await readBranches(main, signal);
  const holdersOf = async (of: string): Promise<string[]> => await branchesWith(main, of, signal);
  const isOwn = rule.as === 'pull-request-branch';
  const target = isOwn ? OWN : await findTarget(profile, event, { branches, home, holdersOf });
  const branch = isOwn || needsSummary(rule) ? undefined : branchOf(rule, run, event);
  const isAboutPull = event.pullRequest !== undefined && (isOwn || target.into === null);
  const problem =
    (isOwn && event.pullRequest === undefined ? noPullRequest() : undefined) ??
    (branch === undefined ? undefined : refuseBranch(branch, branches, target)) ??
    (isAboutPull ? await checkPull(parts, { profile, run, rule, branches, commit }) : undefined);
  if (problem) throw new FlowError({ ...problem, blame: 'profile' });
  return target;
}

/** Commits on the branch of a pull request itself are merged into nothing new. */
const OWN: MergeTarget = { into: null, isDefault: false };

/** The final message is known only when the agent is done. */
function needsSummary({ branch }: PublishRule): boolean {
  return branch.includes('summary');
}

function refuseBranch(branch: string, branches: Branches, { into }: MergeTarget): Problem | undefined {
  if (branch === into) return branchTaken(branch);
  return branchNameProblem(branch) ?? branchInTheWay(branch, branches);
}

async function checkPull(
  parts: CheckPublicationParts,
  about: Pick<Prepared, 'profile' | 'run'> & { rule: PublishRule; branches: Branches; commit: string },
): Promise<Problem | undefined> {
  const { profile, run, rule, branches, commit } = about;
  const [owner = '', repository = ''] = run.repository.split('/');
  if (run.issueNumber === null) return undefined;
  const client = parts.clientFor(profile, run.repository, publishPurpose(profile));
  try {
    const pull = await fetchPullRequest(client, { owner, repo: repository, number: run.issueNumber });
    if (rule.as === 'pull-request') return refuseTarget(pull, branches);
    const refused = await refuseOwnBranch(client, { owner, repository }, pull);
    return refused ?? (pull.headSha === commit ? undefined : headElsewhere(pull, commit));
  } catch (error) {
    if (asFlowError(error).code === 'internal_error') throw error;
    return undefined;
  }
}

/** The run would not begin with the head of the pull request, so its commits would not fit on top of it. */
function headElsewhere({ number, headRef }: PullRequest, commit: string): Problem {
  return {
    code: 'publish_head_moved',
    message: `${headRef}, the branch of pull request #${number}, is not at ${commit}, which the run would begin with, so that nothing could be pushed to it.`,
    hint: 'Ask again when it was pushed to meanwhile; publish.as "pull-request-branch" works with the checkout "pull-request-head" only, which is the default.',
  };
}

function refuseTarget(pull: PullRequest, branches: Branches): Problem | undefined {
  const into = targetOfPull(pull);
  return branches.has(into) && !isQueueBranch(into) ? undefined : targetGone(into);
}
