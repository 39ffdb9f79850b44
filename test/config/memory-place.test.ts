import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  defaultRunDir,
  isInMemory,
  isWritableMemory,
  makeSharedMemoryPlace,
  mayBeRunDir,
} from '../../src/config/directories.ts';

const hasMemory = isWritableMemory('/dev/shm');

test('what is in memory is reported by its file system, also before it is made', () => {
  expect(isInMemory('/proc/self')).toBe(false);
  expect(isInMemory(resolve('.'))).toBe(isInMemory(resolve('./not/there')));
  if (hasMemory) expect(isInMemory('/dev/shm/not/there/yet')).toBe(true);
});

test('RUN_DIR is in memory unless set, where this machine has any that the engine sees', () => {
  const chosen = defaultRunDir('/srv/var');
  expect(chosen === join('/srv/var', 'run') || isInMemory(chosen)).toBe(true);
});

test('the directory in shared memory is this user’s alone, and may be the RUN_DIR', () => {
  const place = makeSharedMemoryPlace();
  expect(place === undefined || isInMemory(place)).toBe(true);
  if (hasMemory) expect(mayBeRunDir(place ?? '')).toBe(true);
  expect(mayBeRunDir('/srv/run')).toBe(true);
});

test('a directory in shared memory that others may write is no RUN_DIR, nor is what lies in it', () => {
  if (!hasMemory) return expect(makeSharedMemoryPlace()).toBeUndefined();
  const place = mkdtempSync('/dev/shm/github-flows-test-');
  onTestFinished(() => rmSync(place, { recursive: true }));
  expect(mayBeRunDir(join(place, 'run'))).toBe(true);
  chmodSync(place, 0o777);
  for (const runDir of [place, join(place, 'run')]) expect(mayBeRunDir(runDir)).toBe(false);
  expect(mayBeRunDir('/dev/shm')).toBe(false);
});
