import { describe, expect, test } from 'vitest';
import type { ChangeSet, Content } from '../../src/publish/judge/changes.ts';
import { judgeChanges, linkLeaves, type PublishLimits } from '../../src/publish/judge/judge.ts';
import { changePattern } from '../../src/publish/judge/path-pattern.ts';
import { branchNameProblem } from '../../src/publish/push/branch-name.ts';

const LIMITS: PublishLimits = {
  files: 3,
  bytes: 100,
  binaryBytes: 10,
  allow: [],
  deny: [],
  workflows: false,
};

const ID = 'a'.repeat(40);

function changed(...paths: string[]): ChangeSet {
  const text: Content = { bytes: 10, isBinary: false, linkTarget: undefined };
  return {
    changes: paths.map((path) => ({ path, mode: '100644', id: ID })),
    contents: new Map([[ID, text]]),
    isOnBase: true,
  };
}

function codes(set: ChangeSet, limits: Partial<PublishLimits> = {}): string[] {
  return judgeChanges(set, { ...LIMITS, ...limits }).map(({ code }) => code);
}

describe('the limits of a publication', () => {
  test('the limits of a publication let through what keeps to them', () => {
    expect(codes(changed('a', 'b/c', 'd'))).toEqual([]);
  });

  test('the limits of a publication count a path once, however many commits change it', () => {
    expect(codes(changed('a', 'a', 'a', 'a', 'a'))).toEqual([]);
    expect(codes(changed('a', 'b', 'c', 'd'))).toEqual(['publish_too_many_files']);
  });

  test('the limits of a publication count the bytes of all contents together', () => {
    expect(codes(changed('a'), { bytes: 9 })).toEqual(['publish_too_many_bytes']);
  });

  test.each([
    '.github/workflows/ci.yml',
    '.github/workflows/deep/er.yml',
    '.GitHub/Workflows/ci.yml',
    '.github/workflows/a\nb.yml',
  ])('refuse the workflow file %j, in whatever case', (path) => {
    expect(codes(changed(path))).toEqual(['publish_path_denied']);
    expect(codes(changed(path), { workflows: true })).toEqual([]);
  });

  test('the limits of a publication refuse a denied path, and one that a list of allowed ones lacks', () => {
    expect(codes(changed('secrets/x'), { deny: ['secrets/'] })).toEqual(['publish_path_denied']);
    expect(codes(changed('src/x', 'README.md'), { allow: ['src/**'] })).toEqual(['publish_path_not_allowed']);
    expect(codes(changed('src/x/y.ts'), { allow: ['src/**/*.ts'] })).toEqual([]);
  });

  test.each([
    ['.github', '.github/workflows/**'],
    ['.GITHUB/workflows', '.github/workflows/**'],
    ['a', 'a/b/*.ts'],
    ['a/b', '/a/b/'],
  ])('refuse a link at %s, which could stand for %s', (path, pattern) => {
    const set = changed(path);
    const link = { ...set, changes: [{ path, mode: '120000', id: ID }] };
    const contents = new Map([[ID, { bytes: 1, isBinary: false, linkTarget: 'x' }]]);
    expect(codes(set, { deny: [pattern], workflows: true })).toEqual([]);
    expect(codes({ ...link, contents }, { deny: [pattern], workflows: true })).toEqual([
      'publish_path_denied',
    ]);
    expect(codes({ ...link, contents }, { deny: ['other/**', '**/*.pem'], workflows: true })).toEqual([]);
  });

  test.each([
    ['removed', '000000', '0'.repeat(40)],
    ['replaced by a file', '100644', ID],
    ['replaced by a link', '120000', ID],
    ['moved on', '160000', 'b'.repeat(40)],
  ])('refuse a submodule that is %s, as one that is added', (_how, mode, id) => {
    const before = { mode: '160000', id: 'c'.repeat(40) };
    const set = changed('lib');
    expect(codes({ ...set, changes: [{ path: 'lib', before, mode, id }] })).toContain('publish_submodule');
  });

  test('the limits of a publication refuse .gitmodules in whatever case', () => {
    expect(codes(changed('.GitModules'))).toEqual(['publish_submodule']);
  });

  test('the limits of a publication refuse rewritten history, submodules and large binaries, all told at once', () => {
    const set: ChangeSet = {
      changes: [
        { path: 'lib', mode: '160000', id: 'b'.repeat(40) },
        { path: 'big.bin', mode: '100644', id: ID },
      ],
      contents: new Map([[ID, { bytes: 11, isBinary: true, linkTarget: undefined }]]),
      isOnBase: false,
    };
    expect(codes(set)).toEqual(['publish_base_rewritten', 'publish_submodule', 'publish_binary_too_large']);
  });

  test('the limits of a publication name the paths, quoted and no more than a few', () => {
    const paths = Array.from({ length: 9 }, (_, index) => `.github/workflows/\u202e${index}`);
    const [, problem] = judgeChanges(changed(...paths), LIMITS);
    expect(problem?.message).toContain('and 4 more');
  });
});

describe('a symbolic link', () => {
  test.each([
    ['l', '/etc/passwd'],
    ['l', '..'],
    ['a/l', '../..'],
    ['a/b/l', '../../../x'],
    ['l', 'a/../../x'],
    ['x/y/z/e', 'd/../..'],
    ['l', '.git/config'],
    ['a/l', '../.GIT/hooks'],
    ['l', 'git~1/config'],
    ['l', ''],
    ['l', 'a\0b'],
    ['l', undefined],
    ['l', '..\\..\\x'],
    ['l', 'C:/Windows'],
    ['l', '.git./config'],
    ['l', '.gi\u200ct/config'],
    ['l', '.git::$INDEX_ALLOCATION/config'],
    ['l', 'GIT~2/config'],
  ])('at %s to %j leads out', (path, target) => {
    expect(linkLeaves(path, target)).toBe(true);
  });

  test.each([
    ['l', 'README.md'],
    ['a/l', '../README.md'],
    ['a/b/l', '../../c/./d'],
    ['l', '.github/x'],
    ['l', 'git/x'],
  ])('at %s to %s stays inside', (path, target) => {
    expect(linkLeaves(path, target)).toBe(false);
  });
});

describe('a pattern of paths', () => {
  test.each([
    ['**', 'a/b/c', true],
    ['*.ts', 'a.ts', true],
    ['*.ts', 'a/b.ts', false],
    ['**/*.ts', 'b.ts', true],
    ['**/*.ts', 'a/b/c.ts', true],
    ['a/**', 'a', false],
    ['a/', 'a/b/c', true],
    ['/a/b', 'a/b', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
    ['[a]', '[a]', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
  ])('%s on %s is %s', (pattern, path, fits) => {
    expect(changePattern(pattern, false)(path)).toBe(fits);
  });

  test('a pattern of paths takes no longer for a path made to hurt it', () => {
    const fits = changePattern('**/*a*a*a*a*a*a*a*a*a*b', false);
    expect(fits(`${'a'.repeat(4000)}/${'a'.repeat(4000)}`)).toBe(false);
  });
});

describe('the name of a branch', () => {
  test.each(['github-flows/abc', 'fix-7', 'a.b/c_d'])('%s is taken', (name) => {
    expect(branchNameProblem(name)).toBeUndefined();
  });

  test.each([
    '',
    '-x',
    '/a',
    'a/',
    'a//b',
    'a..b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?b',
    'a*b',
    'a[b',
    'a\\b',
    'a@{b',
    '@',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a.',
    'refs/heads/a',
    'HEAD',
    'ä',
    'a\nb',
    'a'.repeat(201),
    '0'.repeat(40),
  ])('%j is refused', (name) => {
    expect(branchNameProblem(name)?.code).toBe('publish_branch_name');
  });
});
