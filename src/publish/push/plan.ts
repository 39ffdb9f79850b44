import { type Branches, isQueueBranch } from '../../workspaces/mirrors/branches.ts';
import type { PublishLimits } from '../judge/judge.ts';

/** Which commits go to which branch; `number` is the issue or pull request that the run was about. */
export type DestinationRequest = {
  as: 'pull-request' | 'pull-request-branch' | 'patch';
  owner: string;
  repository: string;
  number: number | null;
  /** Short name of the branch to push; not read where the pull request's own is meant. */
  branch: string;
  /** The branch that a pull request is to be merged into; null when only GitHub can tell. */
  into: string | null;
  /** Whether that is the default branch, which is followed when it was renamed; absent from plans of before there was this key. */
  isDefault?: boolean;
  /** The commit that the run began with, and the one that its own end in. */
  base: string;
  commit: string;
};

/** The texts of a pull request, and who reviews it; teams by slug. */
export type PullRequestTexts = {
  owner: string;
  repository: string;
  title: string;
  body: string;
  draft: boolean;
  labels: readonly string[];
  reviewers: readonly string[];
  teamReviewers: readonly string[];
  assignees: readonly string[];
};

/** What is to be published of one run, decided once when its agent ended; texts are rendered and masked. */
export type PublishPlan = DestinationRequest &
  PullRequestTexts & {
    limits: PublishLimits;
    /** Whom commits may name, as `Name <mail>`, the service first; absent in what an earlier version decided. */
    authors?: readonly string[];
    /** Where the commits end, nothing differs from where they began; judged like others, and not published. */
    changesNothing?: boolean;
  };

/**
 * The commits that a publication brings nothing of: what branches of the repository lead to, but for those of a merge
 * queue, which hold what forks brought and nobody merged yet. A patch goes to a thread
 * whose readers have the commit that the run began with, and so has whoever looks at what was only kept; a push brings
 * that commit, too, when it is a fork's.
 */
export function knownCommits(
  { as, base }: { as: DestinationRequest['as'] | undefined; base: string },
  branches: Branches,
): string[] {
  const own = [...branches].filter(([name]) => !isQueueBranch(name));
  const commits = [...new Set(own.map(([, commit]) => commit))];
  const isPushed = as !== undefined && as !== 'patch';
  return isPushed && commits.length > 0 ? commits : [...new Set([base, ...commits])];
}
