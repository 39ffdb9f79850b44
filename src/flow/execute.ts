import { existsSync } from 'node:fs';
import { asFlowError } from '../base/errors.ts';
import { maskDelivered } from '../credentials/mask-secrets.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Run } from '../runs/run.ts';
import { type ConcludeParts, close, conclude, putBack } from './conclude.ts';
import { openEgress } from './egress-way.ts';
import { containerLost } from './end-words.ts';
import type { EngineWatch } from './engine-watch.ts';
import type { Flight } from './flight.ts';
import { type FollowParts, follow } from './follow.ts';
import { regrant } from './grants.ts';
import { begin, type LaunchParts, launch } from './launch.ts';
import { runPlaces } from './places.ts';
import { type PrepareParts, prepare } from './prepare.ts';
import { isEngineGone, verdictOf } from './verdict.ts';

/** Everything the life of a run needs. */
export type LifeParts = PrepareParts &
  LaunchParts &
  FollowParts &
  ConcludeParts & { engineWatch: EngineWatch };

/** How long a run waits after it was put back because the engine was not there. */
const PUT_BACK_MS = 5_000;

/** The life of a run, from its claim to its end: prepare, launch, follow, conclude. */
export async function execute(parts: LifeParts, run: Run, flight: Flight): Promise<void> {
  const started = await start(parts, run, flight);
  if (started.state === 'running') await finish(parts, started, flight);
}

/** The run once its agent runs; or, when it never will, the run as it was left: concluded, or back in the queue. */
async function start(parts: LifeParts, run: Run, flight: Flight): Promise<Run> {
  try {
    const prepared = await prepare(parts, run);
    return await launch(parts, prepared, flight);
  } catch (error) {
    const { cancellation, detach } = flight;
    if (detach.cause) return await putBack(parts, run, detach.cause.message, 0);
    if (!cancellation.cause && isEngineGone(error))
      return await putBack(parts, run, asFlowError(error).message, PUT_BACK_MS);
    parts.log.warn({ err: error, run: run.id }, 'a run did not come to its agent');
    return await conclude(parts, run, verdictOf(cancellation.cause ?? error));
  }
}

/** Follows a run whose agent runs, and concludes it; a service that stops leaves it to the next one. */
async function finish(parts: LifeParts, run: Run, flight: Flight): Promise<void> {
  const verdict = await follow(parts, run, flight);
  if (verdict !== 'left') await conclude(parts, run, verdict);
}

/** Goes on with a run that a service before this one had begun, by what the engine says of its container. */
export async function resume(parts: LifeParts, run: Run, flight: Flight): Promise<void> {
  await reopenEgress(parts, run);
  await parts.runs.note(run.id, { kind: 'resume', text: 'A new start of the service took the run up.' });
  await parts.engineWatch.untilReady(flight.detach.signal);
  const places = runPlaces(parts.directories, run);
  parts.held.hold(run.id, await maskDelivered(places.secrets, parts.redactor));
  await regrant(parts, run, places);
  if (run.state === 'reporting') {
    await close(parts, run);
    return;
  }
  const container = await findContainer(parts, run);
  if (run.state === 'running') {
    if (container) await finish(parts, run, flight);
    else await conclude(parts, run, verdictOf(containerLost()));
    return;
  }
  if (!container?.startedAt) {
    await putBack(parts, run, 'the service stopped before its agent had started', 0);
    return;
  }
  await finish(parts, await begin(parts, run, { ...container, startedAt: container.startedAt }), flight);
}

/** Before anything else: an agent waits only a few seconds for its way out to come back. */
async function reopenEgress(parts: LifeParts, run: Run): Promise<void> {
  if (run.state === 'reporting' || !existsSync(runPlaces(parts.directories, run).files)) return;
  const { execution } = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  await openEgress(parts, run, execution.runtime.network ?? parts.defaults.network);
}

/** The container of the run's current attempt as the engine sees it now. */
async function findContainer(
  parts: LifeParts,
  run: Run,
): Promise<{ containerId: string; startedAt: number | null } | undefined> {
  const found = await parts.engine.list(parts.directories.installation);
  const own = found.find(({ runId, attempt }) => runId === run.id && attempt === run.attempt);
  if (!own) return undefined;
  const { startedAt } = await parts.engine.inspect(own.id);
  return { containerId: own.id, startedAt };
}
