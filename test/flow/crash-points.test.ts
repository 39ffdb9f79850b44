import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { CRASH_POINTS, createCrashPoint } from '../../src/flow/crash-points.ts';

const FLOW = resolve(import.meta.dirname, '../../src/flow');

test('every point of the list is at one place in the flow, and no other is', () => {
  const texts = globSync('**/*.ts', { cwd: FLOW }).map((file) => readFileSync(join(FLOW, file), 'utf8'));
  const used = texts.flatMap((text) =>
    [...text.matchAll(/crashPoint\('([a-z-]+)'\)/g)].map(([, name]) => name),
  );
  expect(used.toSorted()).toEqual([...CRASH_POINTS].toSorted());
  expect(CRASH_POINTS.length).toBeGreaterThanOrEqual(25);
});

test.each([
  [undefined, 0],
  ['', 0],
  ['nowhere', 0],
  ['claimed', 1],
  ['claimed:2', 1],
  ['claimed:9', 0],
  ['claimed:x', 0],
])('%j kills %i times in three', (setting, times) => {
  let killed = 0;
  const reach = createCrashPoint(setting, () => {
    killed += 1;
  });
  for (let round = 0; round < 3; round += 1) {
    reach('claim-begun');
    reach('claimed');
  }
  expect(killed).toBe(times);
});
