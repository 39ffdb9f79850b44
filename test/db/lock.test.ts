import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isServiceRunning, lockInstallation } from '../../src/db/lock.ts';
import { startProgram } from '../support/processes/program.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

test('a second service is refused while the first runs, and looking disturbs neither', async () => {
  const file = join(await temporaryDirectory(), 'github-flows.lock');
  expect(isServiceRunning(file)).toBe(false);
  expect(existsSync(file)).toBe(false);
  const lock = lockInstallation(file);
  expect(() => lockInstallation(file)).toThrow(expect.objectContaining({ code: 'service_already_running' }));
  expect(isServiceRunning(file)).toBe(true);
  expect(isServiceRunning(file)).toBe(true);
  lock.release();
  lock.release();
  expect(isServiceRunning(file)).toBe(false);
  lockInstallation(file).release();
});

test('the lock of a process that was killed is free at once', async () => {
  const file = join(await temporaryDirectory(), 'github-flows.lock');
  const holder = startProgram('hold-lock', [file]);
  await holder.line();
  expect(isServiceRunning(file)).toBe(true);
  expect(() => lockInstallation(file)).toThrow(expect.objectContaining({ code: 'service_already_running' }));
  holder.process.kill('SIGKILL');
  await holder.ended;
  expect(isServiceRunning(file)).toBe(false);
  lockInstallation(file).release();
});

test('one of many services that start at once gets the lock', async () => {
  const file = join(await temporaryDirectory(), 'github-flows.lock');
  const starting = Array.from({ length: 4 }, () => startProgram('hold-lock', [file]).line());
  const said = await Promise.all(starting);
  expect(said.toSorted()).toEqual(['locked', ...Array(3).fill('service_already_running')]);
});

test('a lock file that cannot be used is reported as such', async () => {
  const directory = await temporaryDirectory();
  expect(() => lockInstallation(directory)).toThrow(
    expect.objectContaining({ code: 'database_unavailable' }),
  );
  const file = join(directory, 'github-flows.lock');
  await writeFile(file, 'something that another program wrote into our file'.repeat(20));
  expect(() => lockInstallation(file)).toThrow(expect.objectContaining({ code: 'database_damaged' }));
});
