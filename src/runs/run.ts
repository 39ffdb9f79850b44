import type { AgentUsage } from '../agents/agent.ts';
import type { RunLimits } from '../base/run-limits.ts';

/** Where a run is on its way. */
export type RunState = 'queued' | 'preparing' | 'running' | 'reporting' | 'ended';

/** How a run ended. */
export type Outcome = 'succeeded' | 'failed' | 'timed_out' | 'stalled' | 'cancelled' | 'refused' | 'lost';

/** Why a run ended: `code` is one of docs/errors.md. */
export type EndReason = { code: string; message: string; hint: string };

/** What a run has in every state. */
type RunFacts = {
  id: string;
  deliveryId: string;
  repository: string;
  repositoryId: number;
  /** Number of the issue, pull request or discussion, or null. */
  issueNumber: number | null;
  /** The profile's folder, `.` at the root. */
  profile: string;
  /** The current attempt, from 1; also how many there were. 0 while never claimed. */
  attempt: number;
  queuedAt: number;
  /** The reason of a requested cancel, or null. */
  cancelReason: string | null;
  /** How many attempts of the profile's `retry` it has spent. */
  retries: number;
  /** How strongly the run is suspected of ending the service (queue/leases.ts); each step of the run sets it to 0. */
  suspicion: number;
  /** The login of who started it, and GitHub's id of that account; null when the event did not say. */
  actor: string | null;
  actorId: number | null;
  /** The pull request's head when the run was admitted, where the event did not say; null for runs about none. */
  headSha: string | null;
  /** The group in which it takes turns with others, or null. */
  groupKey: string | null;
};

/** The worker that holds the current attempt, until when it surely does, and the host and engine that it belongs to. */
type Claim = { leaseOwner: string; leaseUntil: number; worker: string; host: string };

/** Since when the agent may have started, by the database's clock, and what it may use; a run that a version before 0021 launched has no limits. */
type Launch = { launchingAt: number; limits: RunLimits | null };

/** The agent's container; its time counts from `startedAt`. */
export type RunStart = { containerId: string; startedAt: number; deadlineAt: number };

/** How an attempt came out. */
export type RunResult = {
  outcome: Outcome;
  reason: EndReason | null;
  exitCode: number | null;
  finalMessage: string | null;
  usage: AgentUsage | null;
};

/** Until when the workspace is kept; null when it is removed. */
type KeptWorkspace = { workspaceKeptUntil: number | null };

/** What a state does not have. */
type Without<Part> = { [Key in keyof Part]: null };

/** What a state may have, by the way that led there. */
type Perhaps<Part> = { [Key in keyof Part]: Part[Key] | null };

/** It waits, for the first time or again: nothing is left of an attempt before. */
export type QueuedRun = RunFacts & { state: 'queued'; endedAt: null } & Without<
    Claim & Launch & RunStart & RunResult & KeptWorkspace
  >;

/** It waits, and a cancel was requested. */
export type CancelledRun = QueuedRun & { cancelReason: string };

/** A worker prepares everything that its agent needs. */
export type PreparingRun = RunFacts & { state: 'preparing'; endedAt: null } & Claim &
  Perhaps<Launch> &
  Without<RunStart & RunResult & KeptWorkspace>;

/** Its agent's container runs. */
export type RunningRun = RunFacts & { state: 'running'; endedAt: null } & Claim &
  Launch &
  RunStart &
  Without<RunResult & KeptWorkspace>;

/** Its outcome is known; it is cleaned up and reported. */
export type ReportingRun = RunFacts & { state: 'reporting'; endedAt: null } & Claim &
  Perhaps<Launch & RunStart> &
  RunResult &
  KeptWorkspace;

/** It is over; no worker, launch and start are there when nobody ever claimed it. */
export type EndedRun = RunFacts & { state: 'ended'; endedAt: number } & Without<
    Pick<Claim, 'leaseOwner' | 'leaseUntil'>
  > &
  Perhaps<Pick<Claim, 'worker' | 'host'> & Launch & RunStart> &
  RunResult &
  KeptWorkspace;

/** A run that somebody works on. */
export type ClaimedRun = PreparingRun | RunningRun | ReportingRun;

/** A run whose outcome is known. */
export type FinishedRun = ReportingRun | EndedRun;

/** One execution of one profile for one delivery; times in milliseconds since 1970. */
export type Run = QueuedRun | PreparingRun | RunningRun | FinishedRun;

/** A run in one of its states. */
export type RunIn<State extends RunState> = Extract<Run, { state: State }>;

/** One line of a run's timeline: `data` holds only scalars and short texts, already masked. */
export type TimelineEntry = {
  seq: number;
  at: number;
  kind: string;
  text: string;
  data: Record<string, unknown>;
};
