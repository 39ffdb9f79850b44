import { isoTime } from '../../base/clock.ts';
import type { WorkerView } from '../queue/worker-store.ts';
import type { Run } from '../run.ts';

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
