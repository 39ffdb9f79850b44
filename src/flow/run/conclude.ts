import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { Egress } from '../../egress/proxy/sockets.ts';
import type { Reporter } from '../../feedback/reporter.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import type { Outcome, Run } from '../../runs/run.ts';
import type { RunPatch } from '../../runs/store/run-patch.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { removeWorkspace } from '../../workspaces/sweep.ts';
import { leaseLost, runCancelled } from '../active-run.ts';
import { type CollectParts, collectChanges } from '../collect/collect-changes.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { OutputShipper } from '../output/ship-output.ts';
import { removeRunPaths, runPaths } from '../paths.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { reportEnd, requestEndReport } from '../reporting/status-comment.ts';
import type { Verdict } from './outcome.ts';

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

/** Outcomes whose workspace somebody will want to look at. */
const KEPT: readonly Outcome[] = ['failed', 'timed_out', 'stalled', 'lost'];

/** From `preparing` or `running` with a verdict to `ended`: stored, cleaned up, told. Everything may be done twice. */
export async function conclude(parts: ConcludeParts, run: Run, verdict: Verdict): Promise<Run> {
  const keep = KEPT.includes(verdict.outcome) && run.startedAt !== null;
  const reporting = await move(parts, run, 'reporting', endText(verdict), {
    ...verdict,
    containerId: run.containerId,
    workspaceKeptUntil: keep ? parts.clock.now() + parts.keepFailedMs : null,
  });
  parts.crashPoint('outcome-stored');
  return await close(parts, reporting);
}

/** From `reporting` to `ended`. */
export async function close(parts: ConcludeParts, run: Run): Promise<Run> {
  await removeAndCollect(parts, run);
  await clean(parts, run, run.workspaceKeptUntil !== null);
  parts.crashPoint('cleaned');
  await parts.publisher.publish(run);
  parts.crashPoint('published');
  return await reportAndEnd(parts, run, 'Ended; nothing of the run is left on the engine.');
}

/** Ends a run whose host did not come back; what is left on it is removed there when it does. */
export async function abandon(parts: ConcludeParts, run: Run, verdict: Verdict): Promise<Run> {
  const reporting =
    run.state === 'reporting' ? run : await move(parts, run, 'reporting', endText(verdict), verdict);
  return await reportAndEnd(parts, reporting, 'Ended without its host.');
}

/** Back into the queue: the agent had not started, so nothing was done twice when it is prepared again. */
export async function requeue(
  parts: ConcludeParts,
  run: Run,
  why: string,
  { waitMs = 0, retries = run.retries }: { waitMs?: number; retries?: number } = {},
): Promise<Run> {
  parts.crashPoint('requeue-begun');
  if ((await parts.runs.find(run.id))?.leaseOwner !== run.leaseOwner) throw leaseLost(run.id);
  await removeContainers(parts, run);
  await clean(parts, run, false);
  parts.held.release(run.id);
  parts.crashPoint('requeue-cleaned');
  const notBefore = parts.clock.now() + waitMs;
  const patch = { notBefore, retries, release: true };
  return await move(parts, run, 'queued', `Put back into the queue: ${why}`, patch);
}

/** Back into the queue for the profile's next attempt; what this one left is looked at as at a run's end. */
export async function requeueForRetry(
  parts: ConcludeParts,
  run: Run,
  verdict: Verdict,
  waitMs: number,
): Promise<Run> {
  parts.crashPoint('retry-begun');
  await removeAndCollect(parts, run);
  const seconds = Math.max(1, Math.round(waitMs / 1000));
  const why = `attempt ${run.attempt} ${endText(verdict)} The next one begins in about ${seconds} s.`;
  return await requeue(parts, run, why, { waitMs, retries: run.retries + 1 });
}

/** Ends a run that was called off while it waited; nothing of it was made. */
export async function cancelWaiting(parts: ConcludeParts, run: Run): Promise<void> {
  parts.crashPoint('cancel-begun');
  const cause = runCancelled(run.cancelReason ?? '');
  const end = { outcome: 'cancelled', reason: cause.toProblem(), endedAt: parts.clock.now() } as const;
  await parts.runs.advance(run, 'ended', end, cause.message);
  await requestEndReport(parts, { ...run, ...end });
  parts.reporter.wake();
}

/** One move of the run, which may have been made already by a call whose answer was lost; gives the run as it is afterwards. Throws `lease_lost` when somebody else holds it. */
export async function move(
  parts: { runs: RunStore },
  run: Run,
  to: Run['state'],
  text: string,
  patch: RunPatch,
): Promise<Run> {
  const isMade = await parts.runs.advance(run, to, patch, text);
  const now = await parts.runs.find(run.id);
  const owner = patch.release ? null : run.leaseOwner;
  if (!isMade && (now?.state !== to || now.leaseOwner !== owner)) throw leaseLost(run.id);
  return now ?? run;
}

/** Removes the containers of this attempt and those before it, and the way out that they had. */
export async function removeContainers(parts: ConcludeParts, run: Run): Promise<void> {
  const containers = await parts.engine.list(parts.directories.installation);
  for (const { id, runId, attempt } of containers)
    if (runId === run.id && attempt <= run.attempt) await parts.engine.remove(id);
  await parts.egress.close(run.id);
}

/** Removes what ran, and looks after what it left, while its workspace is there. */
async function removeAndCollect(parts: ConcludeParts, run: Run): Promise<void> {
  await removeContainers(parts, run);
  parts.crashPoint('containers-removed');
  const { log } = runPaths(parts.directories, run);
  await parts.shipper.ship({ runId: run.id, attempt: run.attempt }, log, true);
  await collectChanges(parts, run);
  parts.crashPoint('changes-collected');
}

async function reportAndEnd(parts: ConcludeParts, run: Run, words: string): Promise<Run> {
  await reportEnd(parts, run);
  parts.crashPoint('reported');
  const ended = { endedAt: parts.clock.now(), release: true };
  const last = await move(parts, run, 'ended', words, ended);
  parts.held.release(run.id);
  parts.crashPoint('ended');
  return last;
}

/** Removes the credentials and the run's files, and the workspace unless it is kept. */
async function clean(parts: ConcludeParts, run: Run, keepWorkspace: boolean): Promise<void> {
  const paths = runPaths(parts.directories, run);
  await removeRunPaths(paths);
  if (!keepWorkspace) await removeWorkspace(paths.workspace);
}

function endText(verdict: Verdict): string {
  return verdict.reason
    ? `${verdict.outcome}: ${verdict.reason.message}`
    : 'The agent ended with exit code 0.';
}
