import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { size } from './support/suite/size.ts';
import { WALLS_AT_LOAD } from './support/walls/at-load.ts';
import { WALLS_OF_RUNS } from './support/walls/of-runs.ts';
import type { Wall } from './support/walls/wall.ts';

/** Every wall that is switched off in turn. */
const WALLS = [...WALLS_AT_LOAD, ...WALLS_OF_RUNS];

const ROOT = resolve(import.meta.dirname, '..');

/** What a copy of this tree leaves out: what is large, is made by running, or is somebody's own. */
const LEFT_OUT = new Set(['node_modules', '.git', 'var', '.env', '.secrets']);

/** Walls that every run of the tests switches off; one of each kind, with tests that take a second. */
const EVERY_DAY = ['signature', 'read-only in the final plan', 'refresh token'];

type Report = { numTotalTests: number; numFailedTests: number };

/** This tree once more, so that nothing is switched off in the tree itself. One for all tests: each would compile it anew. */
let copy = '';

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'github-flows-walls-'));
  for (const name of readdirSync(ROOT))
    if (!LEFT_OUT.has(name)) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(copy, 'var'));
});

afterAll(async () => await rm(copy, { recursive: true }));

/** Runs test files in a copy until the first failure; an environment of their own, so that nothing is counted twice. */
async function runTests(files: readonly string[]): Promise<Report & { exitCode: number }> {
  const report = join(copy, 'var/walls.json');
  writeFileSync(report, '{}');
  const { exitCode = -1 } = await execa(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--bail=1',
      '--maxWorkers=1',
      '--reporter=json',
      `--outputFile=${report}`,
      ...files,
    ],
    {
      cwd: copy,
      env: {
        ...{ TEST_SIZE: 'normal', CI: undefined, VITEST: undefined },
        ...{ TEST_POSTGRES: inject('postgres'), TEST_DESCRIPTION: inject('githubDescription') },
      },
      reject: false,
      timeout: 240_000,
    },
  );
  const { numTotalTests = 0, numFailedTests = 0 } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as Partial<Report>;
  return { exitCode, numTotalTests, numFailedTests };
}

test.each(WALLS)('the wall “$name” stands where the table says', ({ file, find, replace }) => {
  expect(readFileSync(join(ROOT, file), 'utf8').split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});

test('every wall has a name of its own', () => {
  expect(new Set(WALLS.map(({ name }) => name)).size).toBe(WALLS.length);
});

const chosen = WALLS.filter(({ name }) => size(0, 1) === 1 || EVERY_DAY.includes(name));

test('with every wall standing, the tests pass that must fail without it', { timeout: 600_000 }, async () => {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))];
  const report = await runTests(files);
  expect(report).toMatchObject({ exitCode: 0, numFailedTests: 0 });
  expect(report.numTotalTests).toBeGreaterThan(files.length);
});

test.each(chosen)(
  'with the wall “$name” switched off, a test fails',
  { timeout: 300_000 },
  async (wall: Wall) => {
    const file = join(copy, wall.file);
    const source = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      source.replace(wall.find, () => wall.replace),
    );
    const report = await runTests(wall.tests);
    writeFileSync(file, source);
    expect(report.exitCode).not.toBe(0);
    expect(report.numFailedTests).toBeGreaterThan(0);
  },
);
