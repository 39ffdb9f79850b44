import { asFlowError, type FlowError } from '../../base/errors.ts';
import type { PreparingRun, Run, RunningRun } from '../../runs/run.ts';
import type { ActiveRun } from '../active-runs.ts';
import { leaseLost } from '../errors.ts';
import { type PrepareParts, prepare } from '../prepare/prepare.ts';
import { type ConcludeParts, requeue, settle } from './conclude.ts';
import { type FollowParts, follow } from './follow.ts';
import { type LaunchParts, launch } from './launch.ts';
import { resultOf } from './outcome.ts';
import { type PreparingParts, watchPreparing } from './preparing.ts';

/** Everything the life of a run needs. */
export type LifeParts = PrepareParts & PreparingParts & LaunchParts & FollowParts & ConcludeParts;

/** How long a run waits that was requeued because the engine was not there. */
const REQUEUE_MS = 5_000;

/** How long to wait before the end of a run that the database refused is stored again. */
const AGAIN_MS = 1_000;

/** The life of a run, from its claim to its end: prepare, launch, follow, conclude. */
export async function execute(parts: LifeParts, run: PreparingRun, active: ActiveRun): Promise<void> {
  const started = await start(parts, run, active);
  if (started.state === 'running') await finish(parts, started, active);
}

/** The running run, or, when its agent did not start, the concluded or requeued run. */
async function start(parts: LifeParts, run: PreparingRun, active: ActiveRun): Promise<Run> {
  const preparing = watchPreparing(parts, active);
  try {
    parts.crashPoint('prepare-begun');
    const prepared = await prepare(parts, run, preparing.signal);
    parts.crashPoint('prepared');
    const launched = await launch(parts, prepared, preparing);
    parts.crashPoint('launched');
    return launched;
  } catch (error) {
    preparing.release();
    return await notStarted(parts, run, active, error);
  }
}

/** Concludes or requeues a run that failed before its agent started. Throws when only the engine can tell whether the agent started. */
async function notStarted(
  parts: LifeParts,
  run: PreparingRun,
  active: ActiveRun,
  error: unknown,
): Promise<Run> {
  const now = await parts.runs.find(run.id);
  if (now?.leaseOwner !== run.leaseOwner) throw leaseLost(run.id);
  const issue = asFlowError(error);
  const mayRun = now.launchingAt !== null && issue.code !== 'container_not_started';
  if (isDatabaseError(error) || (mayRun && isEngineGone(error))) throw error;
  const { cancellation, detach } = active;
  const aside = [detach.cause, cancellation.cause, issue].find(
    (cause) => cause && DETACHING.includes(cause.code),
  );
  if (aside && mayRun) throw error;
  if (aside) return await requeue(parts, run, aside.message);
  if (!cancellation.cause && isEngineGone(error))
    return await requeue(parts, run, issue.message, { waitMs: REQUEUE_MS });
  const later = cancellation.cause ? undefined : await waitForGitHub(parts, run, issue);
  if (later !== undefined) return await requeue(parts, run, issue.message, { waitMs: later });
  parts.log.warn({ err: error, run: run.id }, 'run failed before its agent started');
  const result = resultOf(cancellation.cause ?? error);
  const blame = cancellation.cause ? undefined : issue.blame;
  return await settle(parts, now, result, { blame, begun: mayRun });
}

/** How long a run waits when GitHub does not answer about its actor; then it is refused, because no answer means no. */
const GITHUB_WAITS_MS = [5_000, 15_000, 45_000, 120_000];

async function waitForGitHub(parts: LifeParts, run: Run, issue: FlowError): Promise<number | undefined> {
  if (issue.code !== 'world_unknown') return undefined;
  const timeline = await parts.runs.timeline(run.id);
  const wait = GITHUB_WAITS_MS[timeline.filter(({ kind }) => kind === 'github_unanswered').length];
  if (wait === undefined) return undefined;
  const { code, hint } = issue.toProblem();
  await parts.runs.note(run.id, { kind: 'github_unanswered', text: issue.message, data: { code, hint } });
  return wait;
}

/** Causes that end the work of this process on a run, but not the run. */
const DETACHING = ['service_stopping', 'lease_lost', 'worker_cut_off'];

/** Follows a run whose agent runs, and settles it; a service that stops leaves it to the next one. */
export async function finish(parts: LifeParts, run: RunningRun, active: ActiveRun): Promise<void> {
  const result = await follow(parts, run, active);
  if (result === 'left') return;
  for (;;) {
    try {
      await settle(parts, run, result, { blame: undefined, begun: true });
      return;
    } catch (error) {
      if (!isDatabaseError(error) || active.detach.cause) throw error;
      await parts.clock.sleep(AGAIN_MS, active.detach.signal).catch(() => undefined);
    }
  }
}

/** Whether the engine itself was not there, which is no error of the run: it can wait. */
function isEngineGone(error: unknown): boolean {
  return ['engine_unreachable', 'engine_timeout'].includes(asFlowError(error).code);
}

/** Whether the database did not answer: the run is not at fault, and its end is stored later. */
function isDatabaseError(error: unknown): boolean {
  return ['database_busy', 'database_unavailable'].includes(asFlowError(error).code);
}
