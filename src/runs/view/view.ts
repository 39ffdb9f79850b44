import { isoTime } from '../../base/clock.ts';
import type { WorkerView } from '../queue/worker-store.ts';
import type { Run, TimelineEntry } from '../run.ts';
import { runFindings } from './run-findings.ts';

/** A run in the shape that every list and page gives it. */
export function runView(run: Run): Record<string, unknown> {
  return {
    id: run.id,
    deliveryId: run.deliveryId,
    repository: run.repository,
    profile: run.profile,
    state: run.state,
    outcome: run.outcome,
    reason: run.reason?.code ?? null,
    attempts: run.attempt,
    queuedAt: isoTime(run.queuedAt),
    startedAt: isoTime(run.startedAt),
    endedAt: isoTime(run.endedAt),
  };
}

/** A worker in the shape that lists give it. */
export function workerView(worker: WorkerView): Record<string, unknown> {
  const { id, name, host, state, runs, capacity, version, startedAt, heartbeatAt } = worker;
  const times = { startedAt: isoTime(startedAt), heartbeatAt: isoTime(heartbeatAt) };
  return { id, name, host, state, runs, capacity, version, ...times };
}

/** One run with all that is known of it, as `runs show --json` and the API give it. */
export function runDetails(run: Run, timeline: readonly TimelineEntry[]): Record<string, unknown> {
  return {
    ...runView(run),
    exitCode: run.exitCode,
    finalMessage: run.finalMessage,
    usage: run.usage,
    cancelReason: run.cancelReason,
    limits: run.limits,
    ...runFindings([...timeline]),
    reasonDetail: run.reason,
    timeline: timeline.map((entry) => ({ ...entry, at: isoTime(entry.at) })),
  };
}
