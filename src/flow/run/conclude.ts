import type { Blame } from '../../base/errors.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { Egress } from '../../egress/proxy/sockets.ts';
import type { Reporter } from '../../feedback/reporter.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type {
  CancelledRun,
  ClaimedRun,
  EndedRun,
  Outcome,
  QueuedRun,
  ReportingRun,
  Run,
  RunIn,
  RunResult,
  RunState,
} from '../../runs/run.ts';
import type { RunPatch } from '../../runs/store/run-rows.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { removeWorkspace } from '../../workspaces/layout.ts';
import { retryWait } from '../actions/retry-policy.ts';
import { type CollectParts, collectChanges } from '../collect/collect-changes.ts';
import type { CrashPoint } from '../crash-points.ts';
import { leaseLost, runCancelled } from '../errors.ts';
import type { OutputShipper } from '../output/ship-output.ts';
import { removeRunPaths, runPaths } from '../paths.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reportEnd, requestEndReport } from '../reporting/status-comment.ts';

/** What the end of a run takes from the rest of the service. */
export type ConcludeParts = CollectParts & {
  reports: ReportStore;
  deliveries: DeliveryStore;
  reporter: Reporter;
  egress: Egress;
  publisher: Publisher;
  shipper: OutputShipper;
  crashPoint: CrashPoint;
  keepFailedMs: number;
};

/** Outcomes whose workspace is kept for a look at it. */
const KEPT: readonly Outcome[] = ['failed', 'timed_out', 'stalled', 'lost'];

/** Ends a run, or requeues it where its profile wants another attempt. */
export async function settle(
  parts: ConcludeParts,
  run: ClaimedRun,
  result: RunResult,
  how: { blame: Blame | undefined; begun: boolean },
): Promise<Run> {
  if (run.state === 'reporting') return await close(parts, run);
  const profile = await parts.runs.profile(run.id);
  const wait = retryWait(profile, run, { ...how, outcome: result.outcome }, Math.random());
  return wait === undefined || run.cancelReason !== null
    ? await conclude(parts, run, result)
    : await requeueForRetry(parts, run, result, wait);
}

/** From `preparing` or `running` to `ended`: persists the outcome, cleans up, reports. Idempotent. */
async function conclude(parts: ConcludeParts, run: ClaimedRun, result: RunResult): Promise<EndedRun> {
  const keep = KEPT.includes(result.outcome) && run.startedAt !== null;
  const reporting = await move(parts, run, 'reporting', endText(result), {
    ...result,
    workspaceKeptUntil: keep ? parts.clock.now() + parts.keepFailedMs : null,
  });
  parts.crashPoint('outcome-stored');
  return await close(parts, reporting);
}

/** From `reporting` to `ended`. */
export async function close(parts: ConcludeParts, run: ReportingRun): Promise<EndedRun> {
  await removeAndCollect(parts, run);
  await clean(parts, run, run.workspaceKeptUntil !== null);
  parts.crashPoint('cleaned');
  await parts.publisher.publish(run);
  parts.crashPoint('published');
  return await reportAndEnd(parts, run, 'Ended; nothing of the run is left on the engine.');
}

/** Ends a run whose host did not come back; that host removes what is left on it when it returns. */
export async function abandon(parts: ConcludeParts, run: ClaimedRun, result: RunResult): Promise<EndedRun> {
  const reporting =
    run.state === 'reporting' ? run : await move(parts, run, 'reporting', endText(result), result);
  return await reportAndEnd(parts, reporting, 'Ended without its host.');
}

/** Requeues a run whose agent has not started, so that preparing it again does nothing twice. */
export async function requeue(
  parts: ConcludeParts,
  run: ClaimedRun,
  why: string,
  { waitMs = 0, retries = run.retries }: { waitMs?: number; retries?: number } = {},
): Promise<QueuedRun> {
  parts.crashPoint('requeue-begun');
  if ((await parts.runs.find(run.id))?.leaseOwner !== run.leaseOwner) throw leaseLost(run.id);
  await removeContainers(parts, run);
  await clean(parts, run, false);
  parts.masked.release(run.id);
  parts.crashPoint('requeue-cleaned');
  const notBefore = parts.clock.now() + waitMs;
  const patch = { notBefore, retries, release: true };
  return await move(parts, run, 'queued', `Requeued: ${why}`, patch);
}

/** Requeues a run for the profile's next attempt; what this attempt left is collected as at a run's end. */
async function requeueForRetry(
  parts: ConcludeParts,
  run: ClaimedRun,
  result: RunResult,
  waitMs: number,
): Promise<QueuedRun> {
  parts.crashPoint('retry-begun');
  await removeAndCollect(parts, run);
  const seconds = Math.max(1, Math.round(waitMs / 1000));
  const why = `attempt ${run.attempt} ${endText(result)} The next one begins in about ${seconds} s.`;
  return await requeue(parts, run, why, { waitMs, retries: run.retries + 1 });
}

/** Ends a run that was cancelled while it waited; nothing of it was made. */
export async function cancelWaiting(parts: ConcludeParts, run: CancelledRun): Promise<void> {
  parts.crashPoint('cancel-begun');
  const cause = runCancelled(run.cancelReason);
  const end = { outcome: 'cancelled', reason: cause.toProblem(), endedAt: parts.clock.now() } as const;
  const ended =
    (await parts.runs.advance(run, 'ended', end, cause.message)) ?? (await parts.runs.find(run.id));
  // Also when another worker ended it: that one may have died before it asked for the report, which is posted once.
  if (ended?.state !== 'ended') return;
  await requestEndReport(parts, ended);
  parts.reporter.wake();
}

/** One move of the run, which may have been made already by a call whose answer was lost; gives the run as it is afterwards. Throws `lease_lost` when somebody else holds it. */
export async function move<To extends RunState>(
  parts: { runs: RunStore },
  run: Run,
  to: To,
  text: string,
  patch: RunPatch[To],
): Promise<RunIn<To>> {
  const moved = await parts.runs.advance(run, to, patch, text);
  if (moved) return moved;
  const now = await parts.runs.find(run.id);
  if (
    !now ||
    !isIn(now, to) ||
    now.leaseOwner !== ('release' in patch && patch.release ? null : run.leaseOwner)
  )
    throw leaseLost(run.id);
  return now;
}

function isIn<State extends RunState>(run: Run, state: State): run is RunIn<State> {
  return run.state === state;
}

/** Removes the containers of this attempt and of those before it, and closes their egress. */
export async function removeContainers(parts: ConcludeParts, run: Run): Promise<void> {
  const containers = await parts.engine.list(parts.directories.installation);
  for (const { id, runId, attempt } of containers)
    if (runId === run.id && attempt <= run.attempt) await parts.engine.remove(id);
  await parts.egress.close(run.id);
}

/** Removes the containers and collects what they left, while the workspace is there. */
async function removeAndCollect(parts: ConcludeParts, run: ClaimedRun): Promise<void> {
  await removeContainers(parts, run);
  parts.crashPoint('containers-removed');
  const { log } = runPaths(parts.directories, run);
  await parts.shipper.ship({ runId: run.id, attempt: run.attempt }, log, true);
  await collectChanges(parts, run);
  parts.crashPoint('changes-collected');
}

async function reportAndEnd(parts: ConcludeParts, run: ReportingRun, text: string): Promise<EndedRun> {
  await reportEnd(parts, run);
  parts.crashPoint('reported');
  const ended = { endedAt: parts.clock.now(), release: true };
  const last = await move(parts, run, 'ended', text, ended);
  parts.masked.release(run.id);
  parts.crashPoint('ended');
  return last;
}

/** Removes the credentials and the run's files, and the workspace unless it is kept. */
async function clean(parts: ConcludeParts, run: Run, keepWorkspace: boolean): Promise<void> {
  const paths = runPaths(parts.directories, run);
  await removeRunPaths(paths);
  if (!keepWorkspace) await removeWorkspace(paths.workspace);
}

function endText(result: RunResult): string {
  return result.reason ? `${result.outcome}: ${result.reason.message}` : 'The agent ended with exit code 0.';
}
