import { expect, test } from 'vitest';
import type { ContainerEnd } from '../../src/containers/supervise/container-end.ts';
import { cancelAsNoted, endAsNoted, noteStop, readStopNote } from '../../src/flow/run/stop-marker.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const AT = 1_800_000_000_000;
const KILLED: ContainerEnd = {
  endedBy: 'exit',
  exitCode: 137,
  outOfMemory: true,
  finishedAt: AT + 900,
  startFailure: null,
};

test('a container that a service stopped before it died has the cause of the stop, not the exit code that it left', async () => {
  const dir = await temporaryDirectory();
  expect(readStopNote(dir)).toBeUndefined();
  expect(endAsNoted(KILLED, undefined, 1)).toEqual(KILLED);
  noteStop(dir, { cause: 'cancel', code: 'worker_cut_off', at: AT });
  const note = readStopNote(dir);
  expect(endAsNoted(KILLED, note, 1)).toMatchObject({ endedBy: 'cancel', exitCode: 137, outOfMemory: false });
  expect(cancelAsNoted(note, { cancelReason: null })?.code).toBe('worker_cut_off');
  noteStop(dir, { cause: 'stall', code: null, at: AT });
  expect(endAsNoted(KILLED, readStopNote(dir), 1).endedBy).toBe('stall');
});

test('a container that the stop did not reach ends as it ends', () => {
  const note = { cause: 'cancel' as const, code: 'run_cancelled', at: AT };
  const done = { ...KILLED, exitCode: 0, outOfMemory: false };
  const later = { ...KILLED, finishedAt: AT + 3_600_000 };
  for (const end of [done, later, { ...KILLED, endedBy: 'deadline' as const }])
    expect(endAsNoted(end, note, 1)).toEqual(end);
  expect(cancelAsNoted(note, { cancelReason: 'enough' })?.message).toContain('enough');
});

test('a note that cannot be written stops nothing', () => {
  expect(() => noteStop('/nowhere/at/all', { cause: 'stall', code: null, at: AT })).not.toThrow();
});
