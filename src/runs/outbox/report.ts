import type { Profile } from '../../profiles/profile.ts';

/** Where on GitHub something is posted. */
export type ReportTarget = {
  owner: string;
  repository: string;
  /** The kind of thing that is reacted to; a comment goes to the issue or pull request `number`. A commit has checks alone. */
  subject: 'issue' | 'issue_comment' | 'pull_request_review_comment' | 'commit';
  /** Id of the comment for the two comment subjects, else the number; 0 for a commit, like `number`. */
  subjectId: number;
  number: number;
  /** The discussion that it is posted in instead, and what is reacted to there, by GitHub's global ids. */
  discussion?: { id: string; subject: string };
  /** Where GitHub led to the issue, when it is elsewhere by now: the repository's path in the API, and the number there. */
  moved?: { at: string; number: number } | undefined;
};

/** About a run, and by the profile that is stored with that. */
type AboutRun = { runId: string; profile: null };

/** About what became no run: the profile names the credential and has the texts. */
type AboutEvent = { runId: null; profile: Profile };

/** A reaction, posted once. */
type Reaction = (AboutRun | AboutEvent) & {
  kind: 'reaction';
  content: { reaction: 'eyes' | '+1' | 'confused' };
};

/** The one comment about a run, which is kept up to date until its run ends. */
type Status = AboutRun & { kind: 'status'; content: Record<string, never> };

/** A comment about a refusal, posted once: its text, and the mark that it is found by. */
type Refusal = AboutEvent & { kind: 'refusal'; content: { text: string; mark: string } };

/**
 * The check of a run, kept up to date like its comment. It stands on the commit `sha` where the event named one; else on
 * the one that was checked out (`isCheckout`), or on the pull request's head.
 */
type Check = AboutRun & { kind: 'check'; content: { sha?: string; isCheckout: boolean } };

/** A new thing to post; `key` is what makes it one. */
export type NewReport = { key: string; target: ReportTarget } & (Reaction | Status | Refusal | Check);

/**
 * One thing to post. `remoteId` is GitHub's id of the comment or check, `digest` identifies its text, and
 * `attempts` counts from the last success.
 */
export type Report = NewReport & {
  id: string;
  remoteId: number | null;
  digest: string | null;
  attempts: number;
};

/** A report of one kind. */
export type ReportOf<Kind extends Report['kind']> = Extract<Report, { kind: Kind }>;
