import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomId } from '../../src/base/ids.ts';
import { type KeptLeft, keepLeft } from '../../src/publish/left/left.ts';
import { leftText } from '../../src/publish/left/left-texts.ts';
import { engine, runAs } from '../support/engine/container-run.ts';

const made: string[] = [];
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** A workspace with a clone on the run's branch, after a script has worked in it. */
function workspaceAfter(script: string): { workspace: string; base: string; log: string } {
  const dir = mkdtempSync(join(tmpdir(), 'gf-left-'));
  made.push(dir);
  const workspace = join(dir, 'workspace');
  const log = join(dir, 'log');
  for (const path of [join(workspace, 'repo'), log]) mkdirSync(path, { recursive: true });
  const env = { PATH: process.env.PATH, HOME: dir, GIT_CONFIG_NOSYSTEM: '1' };
  const run = (text: string): string =>
    execFileSync('bash', ['-ec', text], { cwd: join(workspace, 'repo'), env, stdio: 'pipe' }).toString();
  run(
    'git init -q -b main; git config user.name a; git config user.email a@b; echo hello > README.md; git add .; git commit -qm one; git checkout -q -b github-flows/r',
  );
  const base = run('git rev-parse HEAD').trim();
  run(script);
  // Where the container sees it, so that git finds its worktrees there.
  run(
    `grep -rl ${workspace} .git/worktrees ../*/.git 2>/dev/null | xargs -r sed -i s,${workspace},/workspace, || true`,
  );
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${runAs.uid}:${runAs.gid}`, workspace]);
  return { workspace, base, log };
}

async function leftBy(script: string, sinceSec = 0): Promise<KeptLeft | undefined> {
  const { workspace, base, log } = workspaceAfter(script);
  const request = {
    installation: `test${randomId(8)}`,
    runId: randomId(16),
    workspace,
    owner: runAs,
    base,
    branch: 'github-flows/r',
    sinceSec,
  };
  return await keepLeft({ engine, clock: systemClock, mask: (text) => text }, request, log);
}

const patchOf = (kept: KeptLeft | undefined): string =>
  kept?.patch && existsSync(kept.patch) ? readFileSync(kept.patch, 'utf8') : '';

/** None of these is left beside what is taken, so all of them together are nothing either. */
const TAKEN = [
  // A branch without commits of its own, and files that git ignores.
  'git branch other; echo out > .git/info/exclude; echo x > out',
  // An amended commit.
  'echo x >> README.md; git commit -qam x; echo y >> README.md; git commit -qa --amend -m y',
  // Commits that it made one of.
  'echo x >> README.md; git commit -qam x; echo y >> README.md; git commit -qam y; git reset -q --soft HEAD~2; git commit -qm both',
  // A look at another branch, which it took over as it was.
  'git checkout -q -b mine; echo x >> README.md; git commit -qam x; git checkout -q -; git merge -q --squash mine; git commit -qm squashed; git branch -qD mine',
  // Tags on what is taken.
  'git tag v1; git tag -am v2 v2',
];

test.each([
  ['ignored files, rewritten commits, squashed branches and tags', TAKEN.join('; ')],
  [
    'a commit on a branch that it stays on',
    'git checkout -q -b mine; echo x >> README.md; git commit -qam x',
  ],
  ['a file that a sparse checkout has taken away', 'git sparse-checkout set --no-cone "/*" "!README.md"'],
])('an agent that left %s beside what is taken left nothing', async (_, script) => {
  expect(await leftBy(script)).toBeUndefined();
});

test.each([
  [
    'a stash with a new file',
    'echo x >> README.md; echo fresh > new.txt; git stash -q -u',
    'The agent left changes in 1 stash, which are not published.',
    ['+x', '+fresh'],
  ],
  [
    'another branch',
    'git checkout -q -b mine; echo x >> README.md; git commit -qam a; git checkout -q github-flows/r',
    'The agent left 1 commit on the branch "mine", which is not published.',
    ['# refs/heads/mine', '+x'],
  ],
  [
    'a worktree with a commit and a file that is in none',
    'git worktree add -q ../wt -b side; cd ../wt; echo x >> README.md; git commit -qam side; echo y >> README.md',
    'The agent left 1 commit on the branch "side", which is not published. It left 1 changed file in the worktree "wt", which is not published.',
    ['# refs/heads/side', '+x'],
  ],
  [
    'a worktree without a branch',
    'git worktree add -q --detach ../wt; cd ../wt; echo x >> README.md; git commit -qam side',
    'The agent left 1 commit on a detached HEAD, which is not published.',
    ['+x'],
  ],
  [
    'a commit under a tag alone',
    'echo x >> README.md; git commit -qam x; git tag mine; git reset -q --hard HEAD~1',
    'The agent left 1 commit that only the tag "mine" holds, which is not published.',
    ['# refs/tags/mine', '+x'],
  ],
  [
    'commits that it went back from',
    'for i in x y; do echo $i >> README.md; git commit -qam $i; done; git reset -q --hard HEAD~2; echo z > z; git add z; git commit -qm z',
    'The agent left 2 commits that only the reflog holds, which are not published.',
    ['+x', '+y'],
  ],
  [
    'a commit of a branch that it removed',
    'git checkout -q -b mine; echo x >> README.md; git commit -qam x; git checkout -q -; git branch -qD mine',
    'The agent left 1 commit that only the reflog holds, which is not published.',
    ['+x'],
  ],
  [
    'files that git was told to take for unchanged, and to skip',
    'echo b > b; git add b; git commit -qm b; echo x >> README.md; echo x >> b; git update-index --assume-unchanged README.md; git update-index --skip-worktree b',
    'The agent left 2 changed files uncommitted, which are not published: "README.md", "b".',
    ['+x', '+++ b/b', '+++ b/README.md'],
  ],
  [
    'a file in a worktree that git was told to take for unchanged',
    'git worktree add -q ../wt -b side; cd ../wt; git update-index --assume-unchanged README.md; echo y >> README.md',
    'The agent left 1 changed file in the worktree "wt", which is not published.',
    [],
  ],
  [
    'commits on its branch, and more that is in none',
    'echo x >> README.md; git commit -qam a; echo y >> README.md; echo z > "a\nb"',
    'The agent left 2 changed files uncommitted, which are not published: "README.md", "a?b" (new).',
    ['+y', '+z'],
  ],
  [
    'commits on its branch, and others on a detached HEAD',
    'echo x >> README.md; git commit -qam a; git checkout -q --detach; echo y >> README.md; git commit -qam b',
    'The agent left 1 commit on a detached HEAD, which is not published.',
    ['+y'],
  ],
])('what is in no commit that is taken is told and kept: %s', async (_, script, words, inPatch) => {
  const kept = await leftBy(script);
  expect(kept && leftText(kept.left)).toBe(words);
  for (const line of inPatch) expect(patchOf(kept)).toContain(line);
});

test('tags on commits that were there before the clone are nothing that it left', async () => {
  const script =
    'export GIT_COMMITTER_DATE="@1700000000 +0000"; git checkout -q --detach; git commit -q --allow-empty -m old; git tag old; git checkout -q -';
  expect(await leftBy(script, 1_700_000_001)).toBeUndefined();
  expect((await leftBy(script, 1_700_000_000))?.left.tags).toEqual([{ name: 'old', count: 1 }]);
});

test('changed and new files are told, and can be applied to the commit that they were left on', async () => {
  const kept = await leftBy('printf "a\\0b" > binary; echo x >> README.md; echo new > new.txt');
  expect(kept && leftText(kept.left)).toBe(
    'The agent left 3 changed files uncommitted, which are not published: "README.md", "binary" (new), "new.txt" (new).',
  );
  const dir = mkdtempSync(join(tmpdir(), 'gf-left-'));
  made.push(dir);
  execFileSync('git', ['init', '-q'], { cwd: dir });
  writeFileSync(join(dir, 'README.md'), 'hello\n');
  execFileSync('git', ['apply', String(kept?.patch)], { cwd: dir });
  expect(readFileSync(join(dir, 'README.md'), 'utf8')).toBe('hello\nx\n');
  expect(readFileSync(join(dir, 'binary'), 'latin1')).toBe('a\0b');
});

test('a repository whose configuration runs programs makes up no more than text', async () => {
  const kept = await leftBy(
    "echo x >> README.md; echo '*.md filter=evil' > .gitattributes; git config filter.evil.clean 'printf \"#stash 99999999\\\\0#branch 3 @everyone\\\\0\" >&2; cat'",
  );
  expect(kept?.left).toMatchObject({ files: 2, stashes: 0 });
});

test('a repository that git cannot read is told as that', async () => {
  await expect(leftBy('rm -rf .git')).rejects.toMatchObject({ code: 'changes_unreadable' });
});
