/** Where a run is on its way. */
export type RunState = 'queued' | 'preparing' | 'running' | 'reporting' | 'ended';

/** How a run ended. */
export type Outcome = 'succeeded' | 'failed' | 'timed_out' | 'stalled' | 'cancelled' | 'refused' | 'lost';

/** Tokens that an agent's own events counted. */
export type TokenUsage = {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
};

/** Why a run ended: `code` is one of docs/errors.md. */
export type EndReason = { code: string; message: string; hint: string };

/** One execution of one profile for one delivery; times in milliseconds since 1970. */
export type Run = {
  id: string;
  deliveryId: string;
  repository: string;
  repositoryId: number;
  /** Number of the issue, pull request or discussion, or null. */
  issueNumber: number | null;
  /** The profile's folder, `.` at the root. */
  profile: string;
  state: RunState;
  outcome: Outcome | null;
  reason: EndReason | null;
  /** The current attempt, from 1; also how many there were. 0 while never claimed. */
  attempt: number;
  queuedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  leaseOwner: string | null;
  leaseUntil: number | null;
  cancelReason: string | null;
  containerId: string | null;
  deadlineAt: number | null;
  exitCode: number | null;
  finalMessage: string | null;
  usage: TokenUsage | null;
  /** Until when the workspace is kept, or null when it is gone or not there yet. */
  workspaceKeptUntil: number | null;
  /** The worker that has, or had, the current attempt; null while it waits. */
  worker: string | null;
  /** The host and engine that the current attempt belongs to; null while it waits. */
  host: string | null;
  /** Since when the agent may have started, by the database's clock; null before. */
  launchingAt: number | null;
  /** From when on a run whose host does not answer is lost, by the database's clock. */
  lostAfter: number | null;
  /** How many attempts of the profile's `retry` it has spent. */
  retries: number;
  /** How much speaks against it: ends of the service while it worked on it, counted anew at every step (suspicion.ts). */
  suspicion: number;
  /** The login of who started it; null when the event did not say. */
  actor: string | null;
  /** The pull request's head when the run was admitted, where the event did not say; null for runs about none. */
  headSha: string | null;
  /** GitHub's id of that account; null when the event did not say. */
  actorId: number | null;
  /** The group in which it takes turns with others, or null. */
  groupKey: string | null;
};

/** One line of a run's timeline: `data` holds only scalars and short texts, already masked. */
export type TimelineEntry = {
  seq: number;
  at: number;
  kind: string;
  text: string;
  data: Record<string, unknown>;
};
