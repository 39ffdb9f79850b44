import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createGitReader } from '../../src/publish/git-reader.ts';
import type { ChangeSet } from '../../src/publish/judge/changes.ts';
import { inspectChanges } from '../../src/publish/judge/inspect.ts';
import { judgeChanges } from '../../src/publish/judge/judge.ts';
import { listNew } from '../../src/publish/judge/new-commits.ts';

let dir: string;
let base: string;

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    encoding: 'utf8',
  }).trim();

/** Runs a script in the working tree and commits everything. */
function commit(script: string): void {
  execFileSync('sh', ['-ec', script], { cwd: dir });
  git('add', '-A');
  git('commit', '-qm', 'work');
}

async function inspect(known: readonly string[] = []): Promise<ChangeSet> {
  const commit = git('rev-parse', 'HEAD');
  const told = mkdtempSync(join(tmpdir(), 'gf-told-'));
  onTestFinished(() => rmSync(told, { recursive: true, force: true }));
  const reader = createGitReader(join(dir, '.git'), told);
  const mirror = createGitReader(join(dir, 'mirror.git'), told);
  const commits = await listNew(reader, { tip: commit, known: [base, ...known] });
  return await inspectChanges({ reader, mirror, commits, base, commit, binaryBytes: 100 });
}

const LIMITS = { files: 100, bytes: 1e6, binaryBytes: 100, allow: [], deny: [], workflows: false };

async function codes(...known: string[]): Promise<string[]> {
  return judgeChanges(await inspect(known), LIMITS).map(({ code }) => code);
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gf-inspect-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  execFileSync('git', ['init', '-q', '-b', 'main', dir]);
  writeFileSync(join(dir, 'README.md'), '# Hello\n');
  git('add', '-A');
  git('commit', '-qm', 'base');
  base = git('rev-parse', 'HEAD');
  writeFileSync(join(dir, '.git/info/exclude'), 'mirror.git\n');
  git('clone', '-q', '--bare', '.', 'mirror.git');
});

test('what one commit adds and the next takes away is told', async () => {
  commit('mkdir -p .github/workflows; echo x > .github/workflows/evil.yml');
  commit('rm -r .github; echo y > fine');
  expect((await inspect()).changes.map(({ path }) => path).toSorted()).toEqual([
    '.github/workflows/evil.yml',
    '.github/workflows/evil.yml',
    'fine',
  ]);
  expect(await codes()).toEqual(['publish_path_denied']);
});

test('sizes, binaries and links are told as git holds them', async () => {
  commit(
    "head -c 101 /dev/zero > big.bin; head -c 50 /dev/zero > small.bin; printf '%0200d' 0 > text; ln -s ../up out; ln -s text in",
  );
  const { changes, contents } = await inspect();
  const told = Object.fromEntries(changes.map(({ path, id }) => [path, contents.get(id)]));
  expect(told).toEqual({
    'big.bin': { bytes: 101, isBinary: true, linkTarget: undefined },
    'small.bin': { bytes: 50, isBinary: false, linkTarget: undefined },
    text: { bytes: 200, isBinary: false, linkTarget: undefined },
    out: { bytes: 5, isBinary: false, linkTarget: '../up' },
    in: { bytes: 4, isBinary: false, linkTarget: 'text' },
  });
  expect(await codes()).toEqual(['publish_link_leaves', 'publish_binary_too_large']);
});

test('a merge shows what it brings from either side, and what it slips in itself', async () => {
  git('checkout', '-qb', 'side');
  commit('echo side > side');
  git('checkout', '-q', 'main');
  commit('echo main > main');
  git('merge', '-q', '--no-commit', 'side');
  commit('mkdir -p .github/workflows; echo x > .github/workflows/evil.yml');
  expect(await codes()).toEqual(['publish_path_denied']);
});

test.each([
  ['an amended base', () => git('commit', '-q', '--amend', '-m', 'rewritten')],
  ['a history of its own', () => git('checkout', '-q', '--orphan', 'new')],
])('%s is rewritten history', async (_name, rewrite) => {
  rewrite();
  commit('echo x > x');
  expect((await inspect()).isOnBase).toBe(false);
});

test('a submodule is told, though its commit is nowhere', async () => {
  git('update-index', '--add', '--cacheinfo', `160000,${'c'.repeat(40)},lib`);
  git('commit', '-qm', 'work');
  expect(await codes()).toEqual(['publish_submodule']);
});

test('names with every odd character come through whole', async () => {
  commit("mkdir -p 'd\"é'; echo x > 'd\"é/a\nb\tc'");
  expect((await inspect()).changes.map(({ path }) => path)).toEqual(['d"é/a\nb\tc']);
});

test('names that are not UTF-8 are as many as they are, and held against patterns', async () => {
  commit(
    'for i in 1 2 3; do printf x > "$(printf \'a\\37%d\' $i)"; done; mkdir "$(printf \'caf\\351\')"; echo x > "$(printf \'caf\\351/x\')"',
  );
  const set = await inspect();
  expect(new Set(set.changes.map(({ path }) => path)).size).toBe(4);
  const limits = { ...LIMITS, files: 3, deny: ['café/'] };
  expect(judgeChanges(set, limits).map(({ code }) => code)).toEqual([
    'publish_too_many_files',
    'publish_path_denied',
  ]);
});

test('a binary that begins as text is one', async () => {
  commit(
    "head -c 9000 /dev/zero | tr '\\0' a > late.bin; head -c 2000000 /dev/zero | tr '\\0' a > later; printf '\\0' >> late.bin; printf '\\0' >> later",
  );
  expect(
    judgeChanges(await inspect(), { ...LIMITS, bytes: 1e7 }).map(({ code, message }) => [
      code,
      message.match(/late\w*/g),
    ]),
  ).toEqual([['publish_binary_too_large', ['late', 'later']]]);
});

test('a content that is nowhere is no content of no bytes', async () => {
  commit('echo x > x');
  const id = git('rev-parse', 'HEAD:x');
  rmSync(join(dir, '.git/objects', id.slice(0, 2), id.slice(2)));
  await expect(inspect()).rejects.toMatchObject({ code: 'changes_invalid' });
});

test('a link in the place of a folder of workflows is told', async () => {
  commit('mkdir -p .github ci; echo x > ci/evil.yml; ln -s ../ci .github/workflows');
  expect(await codes()).toEqual(['publish_path_denied']);
});

describe('a merge of what a branch has', () => {
  let main: string;

  /** `main` is far ahead of the branch `pr`, which is one commit beside it; both changed `both`, and `fight` in one place. */
  beforeEach(() => {
    const lines = (first: string, last: string): string =>
      `printf '%s\\n' ${first} 2 3 4 5 6 7 8 ${last} > both; echo ${first} > fight`;
    commit(lines('1', '9'));
    base = git('rev-parse', 'HEAD');
    git('checkout', '-qb', 'pr');
    commit(`${lines('one', '9')}; echo g > g`);
    base = git('rev-parse', 'HEAD');
    git('checkout', '-q', 'main');
    commit(
      `${lines('1', 'nine')}; echo theirs > fight; mkdir -p .github/workflows; echo x > .github/workflows/ci.yml; for i in $(seq 120); do echo $i > u$i; done; cp README.md .gitmodules; head -c 500 /dev/zero > big.bin`,
    );
    main = git('rev-parse', 'HEAD');
    git('checkout', '-q', 'pr');
  });

  const merge = (script: string): void => {
    execFileSync('sh', ['-c', 'git merge -q --no-commit main >/dev/null 2>&1 || true'], {
      cwd: dir,
      env: { ...process.env, GIT_CONFIG_COUNT: '0' },
    });
    commit(script);
  };

  const paths = async (): Promise<string[]> => (await inspect([main])).changes.map(({ path }) => path);

  test('a merge of what a branch has is nobody’s new work, though both sides changed a file in different places', async () => {
    merge('git checkout -q --theirs fight');
    commit('echo more >> g');
    expect(await paths()).toEqual(['g']);
    expect(await codes(main)).toEqual([]);
  });

  test('a merge of what a branch has shows a conflict that was resolved by hand, and not one in which a side was taken', async () => {
    merge('echo mine > fight');
    expect(await paths()).toEqual(['fight']);
  });

  test('a merge of what a branch has shows what was slipped in', async () => {
    merge('git checkout -q --ours fight; echo evil >> .github/workflows/ci.yml');
    expect(await codes(main)).toEqual(['publish_path_denied']);
  });

  test('a merge of what a branch has shows what was thrown away of the other side', async () => {
    git('merge', '-q', '-s', 'ours', 'main');
    expect(await codes(main)).toContain('publish_path_denied');
  });

  test('a merge of what a branch has of three sides is held against each of them', async () => {
    git('checkout', '-qb', 'side', `${base}^`);
    commit('echo s > s');
    git('checkout', '-q', 'pr');
    const tree = git('rev-parse', 'pr^{tree}');
    const tip = git('commit-tree', '-p', 'pr', '-p', 'main', '-p', 'side', '-m', 'all', tree);
    git('update-ref', 'refs/heads/pr', tip);
    expect(await codes(main, git('rev-parse', 'side'))).toContain('publish_path_denied');
  });
});

test('commits of a fork that the run began with are judged as well', async () => {
  const known = base;
  commit('mkdir -p .github/workflows; echo x > .github/workflows/evil.yml');
  base = git('rev-parse', 'HEAD');
  commit('echo fine > fine');
  const told = mkdtempSync(join(tmpdir(), 'gf-told-'));
  onTestFinished(() => rmSync(told, { recursive: true, force: true }));
  const reader = createGitReader(join(dir, '.git'), told);
  const commits = await listNew(reader, { tip: git('rev-parse', 'HEAD'), known: [known] });
  expect(commits).toHaveLength(2);
  const set = { reader, mirror: reader, commits, base, commit: git('rev-parse', 'HEAD'), binaryBytes: 100 };
  const [problem] = judgeChanges(await inspectChanges(set), LIMITS);
  expect(problem?.code).toBe('publish_path_denied');
});

const pointer = (digit: string): string =>
  `version https://git-lfs.github.com/spec/v1\\noid sha256:${digit.repeat(64)}\\nsize 12345\\n`;

test('a pointer that the repository does not have, and a content in the place of one, are told; a moved one is not', async () => {
  commit(`printf '${pointer('a')}' > a.png; printf '${pointer('c')}' > c.png`);
  base = git('rev-parse', 'HEAD');
  git('push', '-q', 'mirror.git', 'main');
  commit(`printf repaired > a.png; printf '${pointer('b')}' > b.png; mv c.png d.png`);
  const set = await inspect();
  expect(set.largeFiles).toEqual({ missing: ['b.png'], unpacked: ['a.png'] });
  expect(judgeChanges(set, LIMITS).map(({ code }) => code)).toEqual([
    'publish_lfs_missing',
    'publish_lfs_unpacked',
  ]);
  expect(judgeChanges(set, { ...LIMITS, lfs: true })).toEqual([]);
});

test('a clone within the clone is told for what it is', async () => {
  commit('git clone -q . vendor; echo 1 > x');
  const [problem] = judgeChanges(await inspect(), LIMITS);
  expect(problem?.code).toBe('publish_submodule');
  expect(problem?.message).toContain('repositories of their own, which git add took as links');
  expect(problem?.message).toContain('"vendor"');
});
