import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';

/** What came of asking for a cancel. */
export type CancelAnswer = { status: 'requested' | 'already_ended'; message: string };

/** Calls a run off. Its worker stops it and ends it with the reason; without a living service that happens at its next start. */
export async function cancelRun(
  parts: { runs: RunStore; isServiceRunning: boolean },
  run: Run,
  reason: string,
): Promise<CancelAnswer> {
  const asked = await parts.runs.requestCancel(run.id, reason);
  if (!asked)
    return {
      status: 'already_ended',
      message: run.outcome
        ? `Run ${run.id} has already ended (${run.outcome}).`
        : `Run ${run.id} has ended meanwhile.`,
    };
  if (parts.isServiceRunning) return { status: 'requested', message: `Run ${run.id} is being cancelled.` };
  return {
    status: 'requested',
    message: `Run ${run.id} will be cancelled when the service is started again; it is not running now.`,
  };
}
