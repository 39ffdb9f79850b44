import type { PublishLimits } from '../judge/judge.ts';

/** Which commits go where; `number` is the issue or pull request that the run was about. */
export type Destined = {
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
export type PullRequestWords = {
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

/** What is to be published of one run, decided once when its agent was done; texts are rendered and masked. */
export type PublishPlan = Destined &
  PullRequestWords & {
    limits: PublishLimits;
    /** Whom commits may name, as `Name <mail>`, the service first; absent in what an earlier version decided. */
    authors?: readonly string[];
    /** Where the commits end, nothing differs from where they began; judged like others, and not published. */
    changesNothing?: boolean;
  };
