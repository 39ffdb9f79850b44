import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run, TimelineEntry } from '../../src/runs/run.ts';
import { scriptedProfiles, writeHandedToken } from '../support/engine/scripted-agent.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { startService, type TestService, until } from '../support/service/service.ts';

let github: GitHubApi;
let service: TestService;

/** The issue or pull request whose comments start runs that publish like this. */
const ISSUES = { fork: 21, branch: 22, patch: 23, shallow: 24, authors: 25, plain: 26 };

beforeAll(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  service = await startService({
    profiles: scriptedProfiles({
      fork: { issue: ISSUES.fork, publish: {}, checkout: { from: 'pull-request-head' } },
      branch: { issue: ISSUES.branch, publish: { as: 'pull-request-branch', limits: { allow: ['g'] } } },
      patch: { issue: ISSUES.patch, publish: { as: 'patch', limits: { files: 5 } } },
      shallow: { issue: ISSUES.shallow, publish: {}, checkout: { from: 'default-branch', depth: 1 } },
      authors: { issue: ISSUES.authors, publish: { authors: ['Mona <mona@example.org>'] } },
      plain: { issue: ISSUES.plain, publish: { link: 'none' } },
    }),
    env: { GITHUB_API_URL: github.url },
    prepare(dir) {
      github.git.root = join(dir, 'git');
      writeHandedToken(dir);
    },
  });
});

afterAll(async () => {
  await service.close();
  await github.close();
});

async function entry(run: Run, kind: string): Promise<TimelineEntry | undefined> {
  return (await service.app.runs.timeline(run.id)).find((each) => each.kind === kind);
}

async function refusal(run: Run): Promise<string> {
  return String((await entry(run, 'publish_refused'))?.data.codes);
}

const shown = (ref: string, format: string, ...more: string[]): string =>
  service.repository.git('log', '-1', `--format=${format}`, ...more, ref);

const branches = (): string => service.repository.git('for-each-ref', '--format=%(refname)', 'refs/heads');

/** A pull request whose head is what `ref` is; runs the script on it. */
async function onPullRequest(script: string, number: number, repository: string, ref: string): Promise<Run> {
  const sha = service.repository.git('rev-parse', ref);
  service.repository.git('update-ref', `refs/pull/${number}/head`, sha);
  const words = { number, title: 'Feature', body: '', draft: false, state: 'open' as const, base: 'main' };
  github.pulls.length = 0;
  github.pulls.push({
    ...words,
    head: { ref: 'feature', sha, repository },
    labels: [],
    assignees: [],
    reviewers: [],
  });
  return await service.run(script, { issueNumber: number, isPullRequest: true });
}

const WORKFLOW = { '.github/workflows/ci.yml': 'on: push\n' };
const OTHERS = Object.fromEntries(Array.from({ length: 320 }, (_, index) => [`u${index}`, `${index}\n`]));

describe('what a push brings', () => {
  test('of a fork is judged like the agent’s, and what is pushed of it is told', async () => {
    const { repository } = service;
    repository.git('update-ref', 'refs/work/fork', 'main');
    repository.commit({ fine: '1\n' }, { ref: 'refs/work/fork' });
    const fine = await onPullRequest(
      'echo b > b; git add b; git commit -qm B',
      ISSUES.fork,
      'stranger/hello',
      'refs/work/fork',
    );
    expect((await entry(fine, 'changes_kept'))?.text).toBe(
      'The agent made 1 commit on top of 1 commit that no branch of this repository has; together they change 2 files.',
    );
    expect(await refusal(fine)).toBe('undefined');
    expect(shown(`github-flows/${fine.id}`, '%s')).toBe('B');
    repository.commit(WORKFLOW, { ref: 'refs/work/fork' });
    const before = branches();
    const evil = await onPullRequest(
      'echo c > c; git add c; git commit -qm C',
      ISSUES.fork,
      'stranger/hello',
      'refs/work/fork',
    );
    expect(await refusal(evil)).toBe('publish_path_denied');
    expect(branches()).toBe(before);
  });

  test('as a patch holds only that, in a fence that it cannot close, and nothing is known only because it is large', async () => {
    const { repository } = service;
    repository.git('update-ref', 'refs/heads/release', 'main');
    repository.commit({ ...OTHERS, '.gitmodules': '' }, { ref: 'refs/heads/release' });
    repository.commit({ m: '1\n' });
    const before = branches();
    const run = await service.run(
      "git merge -q --no-edit origin/release; echo b > b; printf '````\n@octocat\n' > odd.md; git add b odd.md; git commit -qm B",
      { issueNumber: ISSUES.patch },
    );
    expect((await entry(run, 'published'))?.text).toBe(`Posted the patch on #${ISSUES.patch}.`);
    const comment = github.comments.find(({ body }) => body.includes(`github-flows:run:${run.id}:patch`));
    expect(comment?.body).toContain('diff --git a/b b/b');
    expect(comment?.body).not.toContain('u319');
    expect(comment?.body).toContain('`````diff\n');
    expect(comment?.body).toContain('+@octocat');
    expect(branches()).toBe(before);
  });

  test('does not hold what others did on a base that was merged, not in limits, words, patch or bundle', async () => {
    const { repository } = service;
    repository.git('update-ref', 'refs/heads/feature', 'main');
    repository.commit({ g: 'a\n' }, { ref: 'refs/heads/feature' });
    repository.commit({ ...WORKFLOW, ...OTHERS, '.gitmodules': '' }, { ref: 'refs/heads/main' });
    const script = 'git merge -q --no-edit origin/main; echo b >> g; git commit -qam "One line"';
    const run = await onPullRequest(script, ISSUES.branch, 'octo/hello', 'feature');
    expect((await entry(run, 'published'))?.text).toBe(
      `Pushed to feature, the branch of pull request #${ISSUES.branch}.`,
    );
    const kept = await entry(run, 'changes_kept');
    expect(kept?.text).toBe('The agent made 2 commits that change 1 file.');
    const patch = readFileSync(String(kept?.data.patch), 'utf8');
    expect(patch.match(/^diff --git .*$/gm)).toEqual(['diff --git a/g b/g']);
    expect(readFileSync(String(kept?.data.bundle)).length).toBeLessThan(2_000);
    expect(shown('feature', '%s')).toBe('One line');
  });
});

test('a branch that moves while the agent works makes nothing of its history new', async () => {
  const { repository } = service;
  repository.commit({ big: randomBytes(300_000).toString('hex') });
  repository.commit({ after: '1\n' });
  const { decision } = await service.comment('echo b > b; git add b; git commit -qm B; sleep 6', {
    issueNumber: ISSUES.shallow,
  });
  const runId = decision?.runId ?? '';
  await until('the agent works', async () =>
    (await service.app.runs.find(runId))?.state === 'running' ? true : undefined,
  );
  repository.commit({ moved: '1\n' });
  const ended = await service.ended(runId);
  const kept = await entry(ended, 'changes_kept');
  expect(kept?.text).toBe('The agent made 1 commit that changes 1 file.');
  expect(readFileSync(String(kept?.data.bundle)).length).toBeLessThan(2_000);
  expect(shown(`github-flows/${runId}`, '%s')).toBe('B');
});

test('commits are nobody’s whom the profile does not name', async () => {
  const named =
    'git commit -q --allow-empty -s --author "Mona <mona@example.org>" -m d -m "Co-authored-by: Mona <mona@example.org>"';
  const others = [
    'git commit -q --allow-empty --author "Linus <l@example.org>" -m a',
    'git -c user.name=Torvalds -c user.email=t@example.org commit -q --allow-empty -m b',
    'git commit -q --allow-empty -m c -m "Co-authored-by: Linus <l@example.org>"',
  ];
  const [mona, strange] = await Promise.all(
    [named, others.join('; ')].map(
      async (script) =>
        await service.run(`echo x > x; git add x; ${script}`, { issueNumber: ISSUES.authors }),
    ),
  );
  expect(await refusal(mona as Run)).toBe('undefined');
  const refused = await entry(strange as Run, 'publish_refused');
  expect(refused?.data.codes).toBe('publish_author, publish_sign_off');
  for (const name of ['Linus <l@example.org>', 'Torvalds <t@example.org>'])
    expect(refused?.text).toContain(name);
});

test('messages of commits do nothing when they are pushed, what stands on them stays whole, and a new shape of a token is told with its place', async () => {
  const token = `ghp_${'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jL5'}`;
  service.repository.commit({ old: `${token}x\n` });
  const fixture = `echo more >> old; printf 'const a = 1;\\nconst fixture = "%s";\\n' ${token} > fixture.js; git add .; git commit -qm fixture`;
  const run = await service.run(
    `${fixture}; echo 1 > a; git add a; git commit -qm Harmless; echo 2 > a; git commit -qam "Change it [skip ci]" -m "cc @octocat" -m "Fixes octo/other#5"; echo 3 > a; git commit -qam Last`,
    { issueNumber: ISSUES.plain },
  );
  expect((await entry(run, 'changes_kept'))?.text).toContain('1 message would have done something');
  const messages = service.repository.git('log', '--format=%B', `main..github-flows/${run.id}`);
  expect(messages).not.toMatch(/\[skip ci\]|@octocat|Fixes octo/);
  expect(messages.replaceAll('\u2060', '')).toMatch(
    /Last[\s\S]*Change it \[skip ci\]\n\ncc @octocat\n\nFixes octo\/other#5[\s\S]*Harmless/,
  );
  expect(service.repository.git('show', `github-flows/${run.id}:a`)).toBe('3');
  const note = await entry(run, 'publish_note');
  expect(note?.text).toContain('"fixture.js":2');
  expect(note?.text).not.toMatch(/ghp_|"old"/);
});

test('pointers of Git LFS and clones within the clone are refused before the push, and told for what they are', async () => {
  const pointer = (digit: string): string =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize 12345\n`;
  service.repository.commit({ '.gitattributes': '*.png filter=lfs -text\n', 'a.png': pointer('a') });
  const before = branches();
  const lfs = `echo repaired > a.png; printf '${pointer('b').replaceAll('\n', '\\n')}' > b.png; git add .; git commit -qm p`;
  const nested = 'git clone -q . vendor/x; echo 1 >> README.md; git add -A 2>/dev/null; git commit -qm x';
  const run = await service.run(`${lfs}; ${nested}`, { issueNumber: ISSUES.plain });
  expect(await refusal(run)).toBe('publish_submodule, publish_lfs_missing, publish_lfs_unpacked');
  expect((await entry(run, 'publish_refused'))?.text).toContain('which git add took as links');
  expect(branches()).toBe(before);
});
