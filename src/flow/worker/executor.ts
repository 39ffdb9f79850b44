import { asFlowError } from '../../base/errors.ts';
import type { ClaimedRun } from '../../runs/run.ts';
import type { ActiveRun } from '../active-runs.ts';
import { hostLost, runEndsService } from '../errors.ts';
import { abandon, cancelWaiting, removeContainers } from '../run/conclude.ts';
import { execute } from '../run/execute.ts';
import { resultOf } from '../run/outcome.ts';
import { isSuspect, type ResumeParts, resume } from '../run/resume.ts';
import type { Executor } from './worker.ts';

/** How soon a run is resumed after an error of the service. */
const AGAIN_MS = 2_000;

/** One way of working on a run. */
type Work<One extends ClaimedRun> = (
  parts: ResumeParts,
  run: One,
  active: ActiveRun,
  behind?: number,
) => Promise<void>;

/** Works on runs and never rejects: after an error of the database or the engine it resumes the run where it is. */
export function createExecutor(parts: ResumeParts): Executor {
  const persist = async <One extends ClaimedRun>(
    run: One,
    active: ActiveRun,
    work: Work<One>,
    behind?: number,
  ): Promise<void> => {
    try {
      await work(parts, run, active, behind);
    } catch (error) {
      if (isLeaseLost(error)) parts.log.warn({ run: run.id }, 'run belongs to another worker now');
      else if (!active.detach.cause)
        parts.log.error({ err: error, run: run.id, state: run.state }, 'work on run failed, will be resumed');
      await again(run, active);
    }
    if (isLeaseLost(active.detach.cause)) await release(parts, run);
  };
  const again = async (run: ClaimedRun, active: ActiveRun): Promise<void> => {
    if (active.detach.cause) return;
    await parts.clock.sleep(AGAIN_MS, active.detach.signal).catch(() => undefined);
    const now = await parts.runs.find(run.id).catch(() => run);
    if (active.detach.cause || !now || now.state === 'ended' || now.state === 'queued') return;
    if (now.leaseOwner === run.leaseOwner) await persist(now, active, resume);
    else await release(parts, run);
  };
  return {
    execute: async (run, active) => await persist(run, active, execute),
    resume: async (run, active, behind) => await persist(run, active, resume, behind),
    abandon: async (run, active) =>
      await persist(
        run,
        active,
        async () =>
          void (await abandon(parts, run, resultOf(isSuspect(run) ? runEndsService() : hostLost()))),
      ),
    cancelWaiting: async (run) => await cancelWaiting(parts, run),
  };
}

/** Stops what is left here of an attempt that another worker has, or that was given up. */
async function release(parts: ResumeParts, run: ClaimedRun): Promise<void> {
  await removeContainers(parts, run).catch((error: unknown) =>
    parts.log.warn({ err: error, run: run.id }, 'container of released run could not be removed yet'),
  );
  parts.masked.release(run.id);
}

function isLeaseLost(error: unknown): boolean {
  return error !== undefined && asFlowError(error).code === 'lease_lost';
}
