import type { Egress } from '../egress/sockets.ts';
import type { Reporter } from '../feedback/reporter.ts';
import type { Profile } from '../profiles/profile.ts';
import type { ReportStore } from '../runs/report-store.ts';
import type { Outcome, Run } from '../runs/run.ts';
import type { RunPatch, RunStore } from '../runs/run-store.ts';
import { removeWorkspace } from '../workspaces/sweep.ts';
import { type AftermathParts, lookAfter } from './aftermath.ts';
import { leaseLost, runCancelled } from './flight.ts';
import { removeRunPlaces, runPlaces } from './places.ts';
import type { Verdict } from './verdict.ts';

/** What the end of a run takes from the rest of the service. */
export type ConcludeParts = AftermathParts & {
  reports: ReportStore;
  reporter: Reporter;
  egress: Egress;
  keepFailedMs: number;
};

/** What GitHub has not taken by then is retried from rows of its own, while the run is `ended`. */
const REPORT_MS = 15_000;

/** Outcomes whose workspace somebody will want to look at. */
const KEPT: readonly Outcome[] = ['failed', 'timed_out', 'stalled', 'lost'];

/** From `preparing` or `running` with a verdict to `ended`: stored, cleaned up, told. Everything may be done twice. */
export async function conclude(parts: ConcludeParts, run: Run, verdict: Verdict): Promise<Run> {
  const keep = KEPT.includes(verdict.outcome) && run.startedAt !== null;
  const reporting = await move(parts, run, 'reporting', endWords(verdict), {
    ...verdict,
    containerId: run.containerId,
    workspaceKeptUntil: keep ? parts.clock.now() + parts.keepFailedMs : null,
  });
  return await close(parts, reporting);
}

/** From `reporting` to `ended`. */
export async function close(parts: ConcludeParts, run: Run): Promise<Run> {
  await removeContainers(parts, run);
  await lookAfter(parts, run);
  await clean(parts, run, run.workspaceKeptUntil !== null);
  await tell(parts, run);
  const ended = { endedAt: parts.clock.now(), release: true };
  const last = await move(parts, run, 'ended', 'Ended; nothing of the run is left on the engine.', ended);
  parts.held.release(run.id);
  return last;
}

/** Back into the queue: the agent had not started, so nothing was done twice when it is prepared again. */
export async function putBack(parts: ConcludeParts, run: Run, why: string, waitMs: number): Promise<Run> {
  await removeContainers(parts, run);
  await clean(parts, run, false);
  parts.held.release(run.id);
  const notBefore = parts.clock.now() + waitMs;
  return await move(parts, run, 'queued', `Put back into the queue: ${why}`, { notBefore, release: true });
}

/** Ends a run that was called off while it waited; nothing of it was made. */
export async function dismiss(parts: ConcludeParts, run: Run): Promise<void> {
  const cause = runCancelled(run.cancelReason ?? '');
  const end = { outcome: 'cancelled', reason: cause.toProblem(), endedAt: parts.clock.now() } as const;
  await parts.runs.advance(run, 'ended', end, cause.message);
}

/** One move of the run; gives the run as it is afterwards. Throws `lease_lost` when somebody else holds it. */
export async function move(
  parts: { runs: RunStore },
  run: Run,
  to: Run['state'],
  text: string,
  patch: RunPatch,
): Promise<Run> {
  if (!(await parts.runs.advance(run, to, patch, text))) throw leaseLost(run.id);
  return (await parts.runs.find(run.id)) ?? run;
}

/** Removes the containers of every attempt, and the way out that they had. */
async function removeContainers(parts: ConcludeParts, run: Run): Promise<void> {
  const containers = await parts.engine.list(parts.directories.installation);
  for (const container of containers) if (container.runId === run.id) await parts.engine.remove(container.id);
  await parts.egress.close(run.id);
}

/** Removes the credentials and the run's files, and the workspace unless it is kept. */
async function clean(parts: ConcludeParts, run: Run, keepWorkspace: boolean): Promise<void> {
  const places = runPlaces(parts.directories, run);
  await removeRunPlaces(places);
  if (!keepWorkspace) await removeWorkspace(places.workspace);
}

async function tell(parts: ConcludeParts, run: Run): Promise<void> {
  const { report } = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const wanted =
    report.comment === 'always' || (report.comment === 'on-failure' && run.outcome !== 'succeeded');
  const [owner = '', repository = ''] = run.repository.split('/');
  const number = run.issueNumber;
  if (wanted && number !== null)
    await parts.reports.add({
      runId: run.id,
      kind: 'comment',
      target: { owner, repository, subject: 'issue', subjectId: number, number },
    });
  const late = new AbortController();
  await Promise.race([
    parts.reporter.report(run.id).finally(() => late.abort()),
    parts.clock.sleep(REPORT_MS, late.signal).catch(() => undefined),
  ]);
}

function endWords(verdict: Verdict): string {
  return verdict.reason
    ? `${verdict.outcome}: ${verdict.reason.message}`
    : 'The agent ended with exit code 0.';
}
