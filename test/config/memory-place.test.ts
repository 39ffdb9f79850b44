import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  isInMemory,
  isWritableMemory,
  makeSharedMemoryPlace,
  mayBeRunDir,
} from '../../src/config/memory-place.ts';
import { defaultRunDir } from '../../src/config/places.ts';

const hasMemory = isWritableMemory('/dev/shm');

test('what is in memory is told by its file system, also before it is made', () => {
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
