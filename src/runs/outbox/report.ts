import type { Profile } from '../../profiles/profile.ts';

/**
 * What is said: a reaction, the one comment about a run, one comment about a refusal, the check of a pull request.
 * A status or a check lives as long as its run and is updated in place; the others are said once.
 */
export type ReportKind = 'reaction' | 'status' | 'refusal' | 'check';

/** Where on GitHub it is said. */
export type ReportTarget = {
  owner: string;
  repository: string;
  /** The kind of thing that is reacted to; a comment goes to the issue or pull request `number`. A commit has checks alone. */
  subject: 'issue' | 'issue_comment' | 'pull_request_review_comment' | 'commit';
  /** Id of the comment for the two comment subjects, else the number; 0 for a commit, like `number`. */
  subjectId: number;
  number: number;
  /** The discussion that it is said in instead, and what is reacted to there, by GitHub's global ids. */
  discussion?: { id: string; subject: string };
  /** Where GitHub led to the issue, when it is elsewhere by now: the repository's path in the API, and the number there. */
  moved?: { at: string; number: number } | undefined;
};

/** What a report says by itself: a reaction, a refusal's text under its mark, the commit of a check where the event named it. */
export type ReportContent = {
  reaction?: 'eyes' | '+1' | 'confused';
  text?: string;
  mark?: string;
  sha?: string;
  /** The check's commit is the one that was checked out; else the pull request's head is asked for. */
  isCheckout?: boolean;
};

/** One thing to say. `attempts` counts from the last success; `remoteId` is GitHub's id of the comment or check. */
export type Report = {
  id: string;
  key: string;
  kind: ReportKind;
  runId: string | null;
  /** The profile whose credential and texts are used, where there is no run. */
  profile: Profile | null;
  target: ReportTarget;
  content: ReportContent;
  remoteId: number | null;
  said: string | null;
  attempts: number;
};

/** A new thing to say; `key` is what makes it one. Without a run, `profile` names the credential. */
export type NewReport = Pick<Report, 'key' | 'kind' | 'target'> &
  Partial<Pick<Report, 'runId' | 'profile' | 'content'>>;
