import { existsSync } from 'node:fs';
import { maskDelivered } from '../../credentials/inject/mask-secrets.ts';
import { SET_ASIDE_FROM, WAITS_FROM } from '../../runs/queue/leases.ts';
import type { ClaimedRun } from '../../runs/run.ts';
import type { ActiveRun } from '../active-runs.ts';
import { regrant } from '../credentials/grants.ts';
import type { EngineWatch } from '../engine/engine-health.ts';
import { runEndsService } from '../errors.ts';
import { runPaths } from '../paths.ts';
import { openEgress } from '../prepare/egress.ts';
import { launchedLimits } from '../prepare/plan.ts';
import { abandon, close, removeContainers, requeue, settle } from './conclude.ts';
import { containerLost } from './errors.ts';
import { finish, type LifeParts } from './execute.ts';
import { begin } from './launch.ts';
import { resultOf } from './outcome.ts';

/** What resuming a run takes besides the parts of its life. */
export type ResumeParts = LifeParts & { engineWatch: EngineWatch };

/** The delay between requeued runs of which one may be what ends the service. */
const BETWEEN_MS = 10_000;

/** How long a run that is set aside waits for the engine to remove its container. */
const ENGINE_MS = 5_000;

/** Resumes a run that this process or an earlier one on this host had begun, by the state of its container. */
export async function resume(
  parts: ResumeParts,
  run: ClaimedRun,
  active: ActiveRun,
  behind = 0,
): Promise<void> {
  if (isSuspect(run)) return await setAside(parts, run);
  await reopenEgress(parts, run);
  await parts.runs.note(run.id, { kind: 'resume', text: 'A new start of the service resumed the run.' });
  parts.crashPoint('resume-begun');
  await parts.engineWatch.untilReady(active.detach.signal);
  const paths = runPaths(parts.directories, run);
  parts.masked.add(run.id, await maskDelivered(paths.secrets, parts.redactor));
  await regrant(parts, run, paths);
  if (run.state === 'reporting') {
    active.decided.resolve();
    await close(parts, run);
    return;
  }
  const container = await findContainer(parts, run);
  parts.crashPoint('resume-decided');
  const mayBegin = container?.startedAt === null || (!container && run.state === 'preparing');
  if (!mayBegin) active.decided.resolve();
  if (!container) await withoutContainer(parts, run, behind);
  else if (run.state === 'running') await finish(parts, run, active);
  else if (container.startedAt === null) await neverStarted(parts, run, active, container.containerId);
  else {
    const limits = await launchedLimits(parts, run);
    const { containerId, startedAt } = container;
    await finish(parts, await begin(parts, run, limits, { containerId, startedAt }), active);
  }
}

/** Whether the service ended so often while it worked on a run that it must not be touched again. */
export function isSuspect(run: ClaimedRun): boolean {
  return run.suspicion >= SET_ASIDE_FROM;
}

/** Ends a run without reading anything that it left; the sweep removes it. */
async function setAside(parts: ResumeParts, run: ClaimedRun): Promise<void> {
  const cause = runEndsService();
  parts.log.error({ err: cause, run: run.id }, 'run set aside');
  await parts.engineWatch.untilReady(AbortSignal.timeout(ENGINE_MS)).catch(() => undefined);
  await removeContainers(parts, run).catch(() => undefined);
  await abandon(parts, run, resultOf(cause));
}

/** Ends a run whose agent may have started, because its container is lost; requeues any other. */
async function withoutContainer(parts: ResumeParts, run: ClaimedRun, behind: number): Promise<void> {
  if (run.state === 'preparing' && run.launchingAt === null) {
    const waitMs = run.suspicion < WAITS_FROM ? 0 : behind * BETWEEN_MS;
    await requeue(parts, run, 'the service stopped before its agent had started', { waitMs });
    return;
  }
  const lost = containerLost();
  await settle(parts, run, resultOf(lost), { blame: lost.blame, begun: true });
}

/** Removes the container unless it has started meanwhile, because the order to start may still be on its way to the engine. */
async function neverStarted(
  parts: ResumeParts,
  run: ClaimedRun,
  active: ActiveRun,
  containerId: string,
): Promise<void> {
  if (await parts.engine.removeEnded(containerId))
    await requeue(parts, run, 'the service stopped before its agent had started');
  else await resume(parts, run, active);
}

/** Before anything else: an agent waits only a few seconds for its egress to come back. */
async function reopenEgress(parts: ResumeParts, run: ClaimedRun): Promise<void> {
  if (run.state === 'reporting' || !existsSync(runPaths(parts.directories, run).files)) return;
  const { execution } = await parts.runs.profile(run.id);
  await openEgress(parts, run, execution.runtime.network ?? parts.defaults.network);
}

/** The container of the run's current attempt as the engine sees it now. */
async function findContainer(
  parts: ResumeParts,
  run: ClaimedRun,
): Promise<{ containerId: string; startedAt: number | null } | undefined> {
  const found = await parts.engine.list(parts.directories.installation);
  const own = found.find(({ runId, attempt }) => runId === run.id && attempt === run.attempt);
  if (!own) return undefined;
  const { startedAt } = await parts.engine.inspect(own.id);
  return { containerId: own.id, startedAt };
}
