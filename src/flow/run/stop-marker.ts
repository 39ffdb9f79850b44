import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowError } from '../../base/errors.ts';
import type { ContainerEnd } from '../../containers/supervise/container-end.ts';
import type { StopCause } from '../../containers/supervise/end-causes.ts';
import type { Run } from '../../runs/run.ts';
import { runCancelled, workerCutOff } from '../errors.ts';

/** Why a container was about to be stopped, and when, in milliseconds since 1970; `code` is that of the cancellation, if it was one. */
type StopNote = { cause: StopCause; code: string | null; at: number };

/** How long after the grace an end of the container still counts as caused by the stop. */
const PATIENCE_MS = 60_000;

const fileOf = (dir: string): string => join(dir, 'stopping.json');

/** Writes the cause beside the output just before a stop, without the database, which may be the cause. A service that dies before it stores the end leaves the cause to the next one. */
export function noteStop(dir: string, note: StopNote): void {
  try {
    writeFileSync(fileOf(dir), JSON.stringify(note), { mode: 0o600 });
  } catch {
    // A full disk keeps no note, and no container from being stopped.
  }
}

/** The note that an earlier process left, if there is one. */
export function readStopNote(dir: string): StopNote | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dir), 'utf8')) as StopNote;
  } catch {
    return undefined;
  }
}

/** How a container ended: by the noted cause, when the note explains its exit code. */
export function endAsNoted(end: ContainerEnd, note: StopNote | undefined, graceSec: number): ContainerEnd {
  const isOwnEnd = end.endedBy !== 'exit' || end.exitCode === 0;
  if (!note || isOwnEnd || end.finishedAt > note.at + graceSec * 1000 + PATIENCE_MS) return end;
  return { ...end, endedBy: note.cause, outOfMemory: false };
}

/** The cancellation that a note is about, if it is one. */
export function cancelAsNoted(
  note: StopNote | undefined,
  run: Pick<Run, 'cancelReason'>,
): FlowError | undefined {
  if (note?.cause !== 'cancel') return undefined;
  return note.code === 'worker_cut_off' ? workerCutOff() : runCancelled(run.cancelReason ?? '');
}
