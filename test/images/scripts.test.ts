import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ExecResult, exec } from '../../src/programs/exec.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PATH = process.env.PATH ?? '';
const KEPT = ['node_modules/**', 'var/**', '.git/**', 'coverage/**'];

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gf-scripts-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

const run = (file: string, args: string[], path = PATH): Promise<ExecResult> =>
  exec(file, args, { env: { PATH: path, HOME: dir } });

describe('bin/github-flows', () => {
  test('runs from anywhere, through a chain of symbolic links', async () => {
    symlinkSync(join(ROOT, 'bin/github-flows'), join(dir, 'first'));
    symlinkSync('first', join(dir, 'second'));
    const result = await run(join(dir, 'second'), ['--help']);
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('github-flows') });
  });

  test('says what to run when the packages are missing', async () => {
    cpSync(join(ROOT, 'bin'), join(dir, 'bin'), { recursive: true });
    const result = await run(join(dir, 'bin/github-flows'), ['--help']);
    expect(result).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(`cd '${dir}' && npm ci`),
    });
  });

  test('says what to run when the only Node.js is too old', async () => {
    cpSync(join(ROOT, 'bin'), join(dir, 'bin'), { recursive: true });
    mkdirSync(join(dir, 'node_modules/commander'), { recursive: true });
    mkdirSync(join(dir, 'old'));
    writeFileSync(join(dir, 'old/node'), '#!/bin/sh\necho 20\n');
    chmodSync(join(dir, 'old/node'), 0o755);
    const result = await run(join(dir, 'bin/github-flows'), ['--help'], `${join(dir, 'old')}:${PATH}`);
    expect(result).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/Node\.js 24.*npm ci/s),
    });
  });
});

describe('the settings of the scripts', () => {
  const LINES = [
    'RUN_AS=1000:1000',
    '  export RUN_AS = 1001:1001  # who agents are',
    'RUN_AS="1002:1002" # quoted',
    "RUN_AS='1003:1003'",
    'RUN_AS=1:1\nRUN_AS=1004:1004',
    '#RUN_AS=5:5',
    'NOT_RUN_AS=6:6\nRUN_AS_NOT=7:7',
    'RUN_AS=',
  ];

  test.each(LINES)('are read from .env as the service reads them: %j', async (text) => {
    writeFileSync(join(dir, '.env'), `${text}\n`);
    const result = await run('sh', ['-c', `root='${dir}'; . '${ROOT}/bin/shared.sh'; setting RUN_AS`]);
    expect(result).toEqual({ exitCode: 0, stdout: `${parseEnv(text).RUN_AS ?? ''}\n`, stderr: '' });
  });
});

describe('the tree', () => {
  test('names no package registry and no mirror: those are the machine’s own', () => {
    const hosts = [
      ['registry', 'npmjs'],
      ['deb', 'debian'],
      ['registry-1', 'docker'],
      ['archive', 'ubuntu'],
    ].map((parts) => parts.join('.'));
    const files = globSync('**/*', { cwd: ROOT, exclude: KEPT }).concat(
      globSync(['.*', '.ci/*'], { cwd: ROOT }),
    );
    const named = files
      .filter((file) => statSync(join(ROOT, file)).isFile())
      .filter((file) => hosts.some((host) => readFileSync(join(ROOT, file), 'utf8').includes(host)));
    expect(named).toEqual([]);
  });

  test('has shell scripts that every POSIX shell can read, and those of bin can be run', async () => {
    for (const file of [...globSync('bin/*', { cwd: ROOT }), ...globSync('images/**/*.sh', { cwd: ROOT })]) {
      expect(await run('sh', ['-n', join(ROOT, file)]), file).toMatchObject({ exitCode: 0, stderr: '' });
    }
    for (const name of ['github-flows', 'prepare', 'engine', 'packages']) {
      expect(statSync(join(ROOT, 'bin', name)).mode & 0o111, name).toBe(0o111);
    }
  });
});
