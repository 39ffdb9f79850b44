import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findHostProgram, readHostPrograms, reportPrograms } from '../../src/cli/commands/doctor/programs.ts';
import { exec } from '../../src/programs/exec.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PATH = process.env.PATH ?? '';

/** A program's name as the first word of a call that starts one. */
const STARTED =
  /(?<![.\w])(?:exec|execOk|execa|execaSync|execFile|execFileSync|spawn|spawnSync|spawnProgram)\(\s*'([^'/]+)'/g;

const shell = async (script: string, ...args: string[]): Promise<{ exitCode: number; stdout: string }> =>
  await exec('sh', ['-c', script, 'sh', ...args], { env: { PATH } });

test('every line of bin/programs is a program, a package and one of four uses', () => {
  const programs = readHostPrograms();
  expect(programs.length).toBeGreaterThan(10);
  for (const { program, package: name, usedBy } of programs) {
    expect(program).toMatch(/^(?:\/[\w/*.-]+|[\w.-]+)$/);
    expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
    expect(['product', 'engine', 'images', 'tests']).toContain(usedBy);
  }
});

test('a program that nobody declared is found by no test, though the machine has it', async () => {
  const declared = new Set(readdirSync(PATH));
  const undeclared = readdirSync('/usr/bin').filter((name) => /^[\w-]+$/.test(name) && !declared.has(name));
  expect(undeclared.length).toBeGreaterThan(0);
  const { stdout } = await shell('for name; do command -v "$name"; done', ...undeclared);
  expect(stdout.split('\n').filter((found) => found.startsWith('/'))).toEqual([]);
});

test('every program that source and tests start by its name is declared, or Debian’s own', () => {
  const known = new Set([
    ...readdirSync(PATH),
    ...readHostPrograms().map(({ program }) => basename(program)),
  ]);
  const files = globSync(['src/**/*.ts', 'test/**/*.ts'], { cwd: ROOT });
  const started = files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(STARTED)].map(([, name = '']) => ({ file, name })),
  );
  expect(started.length).toBeGreaterThan(30);
  expect(started.filter(({ name }) => !known.has(name))).toEqual([]);
});

test('tests start what goes on beside them in one way, which throws where the program is missing', () => {
  const files = globSync('test/**/*.ts', { cwd: ROOT }).filter((file) => !file.startsWith('test/bench/'));
  const direct = files.filter((file) =>
    /\bspawn\b.*'node:child_process'/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(direct).toEqual(['test/support/processes/spawn-program.ts']);
});

test('doctor names the programs that the service needs', async () => {
  const needed = readHostPrograms().filter(({ usedBy }) => usedBy === 'product');
  expect(await reportPrograms()).toBe(needed.map(({ program }) => program).join(', '));
  expect(findHostProgram('git', ['/nowhere'])).toBeUndefined();
});

test('the scripts list the missing packages of a use once each, and install nothing when none is missing', async () => {
  const script = `root='${ROOT}'; . "$root/bin/shared.sh"; PATH=/nowhere/bin:/usr/bin:/bin; packages_of tests; echo; has() { false; }; packages_of tests missing`;
  const { stdout } = await shell(script);
  const [all = '', missing = ''] = stdout.split('\n\n');
  const packages = readHostPrograms()
    .filter(({ usedBy }) => usedBy === 'tests')
    .map((each) => each.package);
  expect(all.split('\n')).toEqual([...new Set(packages)].sort());
  expect(missing.trim().split('\n')).toEqual([...new Set(packages)].sort());
  const nothing = await shell(
    `root='${ROOT}'; . "$root/bin/shared.sh"; has() { true; }; need tests && echo done`,
  );
  expect(nothing).toMatchObject({ exitCode: 0, stdout: 'done\n' });
});
