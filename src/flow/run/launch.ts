import type { Agent } from '../../agents/agent.ts';
import type { Clock } from '../../base/clock.ts';
import type { RunLimits } from '../../base/run-limits.ts';
import { containerSpec } from '../../containers/create/spec.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { keepBaseline } from '../../containers/supervise/growth.ts';
import type { MountHost } from '../../mounts/mount.ts';
import type { Leases } from '../../runs/queue/leases.ts';
import type { PreparingRun, RunningRun } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { RepositoryLimits } from '../../workspaces/git-limits.ts';
import type { Mirrors } from '../../workspaces/mirrors/mirror.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { CheckPrograms } from '../engine/fit-image.ts';
import { leaseLost } from '../errors.ts';
import { baselineFile, type Directories } from '../paths.ts';
import type { CheckPublicationParts } from '../prepare/check-publication.ts';
import { cloneRepository } from '../prepare/clone.ts';
import { type EgressParts, openEgress } from '../prepare/egress.ts';
import type { Prepared } from '../prepare/prepare.ts';
import { verifyMounts, verifyMountsUnchanged } from '../prepare/verify-mounts.ts';
import { move } from './conclude.ts';
import type { Preparing } from './preparing.ts';

/** What a launch takes from the rest of the service. */
export type LaunchParts = EgressParts &
  CheckPublicationParts & {
    agents: readonly Agent[];
    runs: RunStore;
    engine: Engine;
    mirrors: Mirrors;
    mountHost: MountHost;
    directories: Directories;
    serverUrl: string;
    repositoryLimits: RepositoryLimits;
    leases: Leases;
    checkPrograms: CheckPrograms;
    crashPoint: CrashPoint;
    clock: Clock;
  };

/** Clones the workspace while the container is created, then starts it; gives the run in state `running`. Throws whatever kept it from starting. */
export async function launch(
  parts: LaunchParts,
  prepared: Prepared,
  preparing: Preparing,
): Promise<RunningRun> {
  const { signal } = preparing;
  const [containerId] = await allSettledFirst([
    createContainer(parts, prepared),
    makeWorkspace(parts, prepared, signal),
  ]);
  signal.throwIfAborted();
  preparing.release();
  await openEgress(parts, prepared.run, prepared.plan.network);
  parts.crashPoint('egress-opened');
  await noteLaunch(parts, prepared, signal);
  const sources = verifyMounts(parts.mountHost, prepared);
  await parts.engine.start(containerId);
  parts.crashPoint('container-started');
  verifyMountsUnchanged(parts.mountHost, prepared, sources);
  const { startedAt } = await parts.engine.inspect(containerId);
  const container = { containerId, startedAt: startedAt ?? parts.clock.now() };
  return await begin(parts, prepared.run, prepared.plan.limits, container);
}

/** From here on the agent may have started, so the run is never started elsewhere. Throws `lease_lost`. */
async function noteLaunch(parts: LaunchParts, { run, plan }: Prepared, signal: AbortSignal): Promise<void> {
  const { ulimits: _, ...limits } = plan.limits;
  if (!(await parts.leases.launching(run, limits))) throw leaseLost(run.id);
  parts.crashPoint('launch-noted');
  signal.throwIfAborted();
}

/** Writes down that the agent's container runs; from its start on its time counts. */
export async function begin(
  parts: { runs: RunStore },
  run: PreparingRun,
  { timeoutSec }: RunLimits,
  container: { containerId: string; startedAt: number },
): Promise<RunningRun> {
  const deadlineAt = container.startedAt + timeoutSec * 1000;
  const text = `The container runs, for at most ${timeoutSec} s.`;
  return await move(parts, run, 'running', text, { ...container, deadlineAt });
}

async function createContainer(parts: LaunchParts, { run, plan }: Prepared): Promise<string> {
  if (plan.network === 'open') await parts.engine.ensureNetwork();
  const [{ cpus }, image] = await Promise.all([parts.engine.info(), parts.engine.inspectImage(plan.image)]);
  const identity = { installation: parts.directories.installation, runId: run.id, attempt: run.attempt };
  const id = await parts.engine.create(containerSpec(plan, identity, cpus));
  parts.crashPoint('container-created');
  await parts.checkPrograms(
    plan,
    image,
    async (programs) => await parts.engine.lookForPrograms(id, programs),
  );
  return id;
}

/** The clone, and how large the workspace is before the agent writes. */
async function makeWorkspace(parts: LaunchParts, prepared: Prepared, signal: AbortSignal): Promise<void> {
  const { paths } = prepared;
  parts.crashPoint('clone-begun');
  await cloneRepository(parts, prepared, signal);
  parts.crashPoint('cloned');
  await keepBaseline({ workspace: paths.workspace, baselineFile: baselineFile(paths) }, signal);
}

/** Waits for all, so that nothing of a failed launch goes on behind the clean-up; then throws the first failure. */
async function allSettledFirst<T extends readonly unknown[]>(
  work: { [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return (await Promise.all(work)) as unknown as T;
}
