import type { RunGroup } from '../queue/groups.ts';
import type { Run, RunResult, RunStart, RunState } from '../run.ts';
import type { RunTables } from '../tables.ts';

/** A run as admission makes it: the effective profile is saved with it, for ever. */
export type NewRun = Pick<
  Run,
  'id' | 'deliveryId' | 'repository' | 'repositoryId' | 'issueNumber' | 'profile' | 'queuedAt'
> & {
  profileJson: string;
  actor: string | null;
  /** Absent, or null, for a run that needs none pinned. */
  headSha?: string | null;
  actorId?: number | null;
  group: RunGroup | null;
};

/** The row of a new run, which waits: behind others of its group (`held` 1), or for room alone. */
export function newRow({ group, actor, ...run }: NewRun, held: 0 | 1): RunTables['runs'] {
  return {
    headSha: null,
    actorId: null,
    ...run,
    ...UNSTARTED,
    state: 'queued',
    attempt: 0,
    notBefore: 0,
    leaseOwner: null,
    leaseUntil: null,
    cancelReason: null,
    retries: 0,
    suspicion: 0,
    groupKey: group?.key ?? null,
    held,
    head: 0,
    actor: actor ?? '',
  };
}

/** What each move sets besides the state; times in milliseconds since 1970. `release` gives the lease back. */
export type RunPatch = {
  /** `actor` is who retried it. */
  queued: {
    notBefore?: number;
    retries?: number;
    release?: boolean;
    actor?: string;
    actorId?: number | null;
  };
  preparing: Record<string, never>;
  running: RunStart;
  reporting: RunResult & { workspaceKeptUntil?: number | null };
  /** With a result for a run that nobody ever claimed. */
  ended: { endedAt: number; release?: boolean } & Partial<RunResult>;
};

/** Whatever a move may set. */
export type AnyPatch = Partial<
  RunPatch['queued'] & RunPatch['running'] & RunPatch['reporting'] & RunPatch['ended']
>;

/** What a move resets. A requeued run has nothing of its attempt, and a retried one no cancel; every other move sets the suspicion to 0. */
export function resets(from: RunState, to: RunState): Partial<RunTables['runs']> {
  if (to !== 'queued') return { suspicion: 0 };
  return from === 'ended' ? { ...UNSTARTED, cancelReason: null, suspicion: 0 } : UNSTARTED;
}

/** What only an attempt that began, or an end, gives a run. */
const UNSTARTED = {
  worker: null,
  host: null,
  launchingAt: null,
  lostAfter: null,
  limitsJson: null,
  containerId: null,
  deadlineAt: null,
  startedAt: null,
  endedAt: null,
  outcome: null,
  reasonJson: null,
  exitCode: null,
  finalMessage: null,
  usageJson: null,
  workspaceKeptUntil: null,
} as const;

/** The columns that a patch names. */
export function patchColumns({
  release,
  reason,
  usage,
  notBefore,
  ...columns
}: AnyPatch): Partial<RunTables['runs']> {
  return {
    ...columns,
    ...(notBefore === undefined ? {} : { notBefore: Math.ceil(notBefore) }),
    ...(reason === undefined ? {} : { reasonJson: reason && JSON.stringify(reason) }),
    ...(usage === undefined ? {} : { usageJson: usage && JSON.stringify(usage) }),
    ...(release ? { leaseOwner: null, leaseUntil: null } : {}),
  };
}
