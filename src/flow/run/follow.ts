import type { Agent } from '../../agents/agent.ts';
import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { makeDirectory } from '../../base/files.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { supervise } from '../../containers/supervise/supervise.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import type { MountHost } from '../../mounts/mount.ts';
import type { RunningRun, RunResult } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import type { ActiveRun } from '../active-runs.ts';
import type { CrashPoint } from '../crash-points.ts';
import { readHandlerMark } from '../output/handler-mark.ts';
import type { OutputShipper } from '../output/ship-output.ts';
import { baselineFile, type Directories, runPaths } from '../paths.ts';
import { launchedLimits, type PlanDefaults } from '../prepare/plan.ts';
import { createTimelineWriter } from '../timeline-writer.ts';
import { createListener } from './container-listener.ts';
import { judgeByAgent, judgeEnd } from './outcome.ts';
import { cancelAsNoted, endAsNoted, noteStop, readStopNote } from './stop-marker.ts';

/** What following takes from the rest of the service. */
export type FollowParts = {
  agents: readonly Agent[];
  runs: RunStore;
  engine: Engine;
  directories: Directories;
  defaults: PlanDefaults;
  mountHost: MountHost;
  redactor: Redactor;
  shipper: OutputShipper;
  crashPoint: CrashPoint;
  clock: Clock;
  log: Logger;
};

/** How long the last lines of a timeline are waited for; the run's end does not depend on them. */
const FLUSH_MS = 2_000;

/** Follows a run's container to its end, keeping its output and writing what the agent does into the timeline. Gives `left` when the service stops first. */
export async function follow(
  parts: FollowParts,
  run: RunningRun,
  active: ActiveRun,
): Promise<RunResult | 'left'> {
  const profile = await parts.runs.profile(run.id);
  const limits = await launchedLimits(parts, run);
  const paths = runPaths(parts.directories, run);
  const dir = paths.log;
  await makeDirectory(dir, { mode: 0o700 });
  const stopBefore = readStopNote(dir);
  const mark = await readHandlerMark(dir);
  const timeline = createTimelineWriter(parts, run.id);
  const listener = createListener(profile.execution.handler, {
    agents: parts.agents,
    mark,
    mask: parts.redactor.mask,
    write: ({ data, ...entry }) => timeline.write({ ...entry, data: { ...data, attempt: run.attempt } }),
  });
  const over = new AbortController();
  const shipping = parts.shipper.follow({ runId: run.id, attempt: run.attempt }, dir, over.signal);
  parts.crashPoint('follow-begun');
  const end = await supervise({
    ...parts,
    dir,
    containerId: run.containerId,
    capBytes: limits.logBytes,
    deadlineAt: run.deadlineAt,
    stallTimeoutSec: limits.stallTimeoutSec,
    graceSec: limits.graceSec,
    growth: {
      workspace: paths.workspace,
      baselineFile: baselineFile(paths),
      workspaceBytes: limits.workspaceBytes,
      diskBytes: profile.execution.runtime.readOnlyRoot ? undefined : limits.diskBytes,
    },
    cancellation: active.cancellation,
    detach: active.detach.signal,
    openMask: () => parts.redactor.stream(),
    onStop: (cause) =>
      noteStop(dir, { cause, code: active.cancellation.cause?.code ?? null, at: parts.clock.now() }),
    mark,
    onLine: listener.read,
    isDone: listener.isDone,
    onLost: listener.lose,
  }).finally(() => over.abort());
  await within(parts.clock, FLUSH_MS, Promise.all([timeline.flush(), shipping]));
  timeline.close();
  parts.crashPoint('followed');
  if (end === 'left') return 'left';
  const output = listener.result();
  const cancelled = active.cancellation.cause ?? cancelAsNoted(stopBefore, run);
  const how = endAsNoted(end, stopBefore, limits.graceSec);
  const { outcome, reason, note } = judgeByAgent(
    judgeEnd(how, { id: run.id, limits }, cancelled),
    how,
    output,
  );
  const notes = [...output.losses, ...(note === null ? [] : [{ kind: 'agent_note', text: note }])];
  await noteAll(parts, run, notes);
  const mask = parts.redactor.mask;
  return {
    outcome,
    reason: reason && { ...reason, message: mask(reason.message) },
    exitCode: end.exitCode,
    finalMessage: output.finalMessage && mask(output.finalMessage),
    usage: output.usage,
  };
}

/** Each line once, however often the run is followed to its end. */
async function noteAll(
  { runs }: FollowParts,
  run: RunningRun,
  notes: readonly { kind: string; text: string }[],
): Promise<void> {
  if (notes.length === 0) return;
  const timeline = await runs.timeline(run.id);
  const isThere = ({ kind, text }: { kind: string; text: string }): boolean =>
    timeline.some((line) => line.kind === kind && line.text === text && line.data.attempt === run.attempt);
  for (const note of notes)
    if (!isThere(note)) await runs.note(run.id, { ...note, data: { attempt: run.attempt } });
}
