import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowError } from '../../base/errors.ts';
import type { ContainerEnd } from '../../containers/supervise/container-end.ts';
import type { StopCause } from '../../containers/supervise/end-causes.ts';
import type { Run } from '../../runs/run.ts';
import { runCancelled, workerCutOff } from '../errors.ts';

/** Why a container was about to be stopped, and when, in milliseconds since 1970; `code` is that of the cancellation, if it was one. */
export type StopNote = { cause: StopCause; code: string | null; at: number };

/** How long after the grace the end of a container is taken for the stop's doing. */
const PATIENCE_MS = 60_000;

const fileOf = (dir: string): string => join(dir, 'stopping.json');

/** Written beside the output just before a stop, at once and without the database, which may be what is away: a service that dies before it could store the end leaves the cause to the next one. */
export function noteStop(dir: string, note: StopNote): void {
  try {
    writeFileSync(fileOf(dir), JSON.stringify(note), { mode: 0o600 });
  } catch {
    // A full disk keeps no note, and no container from being stopped.
  }
}

/** What a service before this one left, if it did. */
export function readStopNote(dir: string): StopNote | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dir), 'utf8')) as StopNote;
  } catch {
    return undefined;
  }
}

/** How a container ended, with the cause that a service before this one stopped it for in place of the exit code which that left. */
export function endAsNoted(end: ContainerEnd, note: StopNote | undefined, graceSec: number): ContainerEnd {
  const isOwnEnd = end.endedBy !== 'exit' || end.exitCode === 0;
  if (!note || isOwnEnd || end.finishedAt > note.at + graceSec * 1000 + PATIENCE_MS) return end;
  return { ...end, endedBy: note.cause, outOfMemory: false };
}

/** The cancellation that a note was about. */
export function cancelAsNoted(
  note: StopNote | undefined,
  run: Pick<Run, 'cancelReason'>,
): FlowError | undefined {
  if (note?.cause !== 'cancel') return undefined;
  return note.code === 'worker_cut_off' ? workerCutOff() : runCancelled(run.cancelReason ?? '');
}
