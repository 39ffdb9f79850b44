import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Run, TimelineEntry } from '../../src/runs/run.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

let github: GitHubApi;
let service: TestService;

beforeEach(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
});

afterEach(async () => {
  await service.close();
  await github.close();
});

/** Starts a service whose profile runs the script of each comment in the clone, and publishes as told. */
async function serve(publish: Record<string, unknown>, checkout?: Record<string, unknown>): Promise<void> {
  service = await startService({
    profiles: {
      'hello/profile.json': shellProfile('', {
        handler: {
          command: ['sh', '-ec', 'cd repo; . /run/github-flows/prompt.md'],
          promptRef: 'prompt.md',
          promptVariables: { SCRIPT: 'event.comment.body' },
        },
        publish,
        ...(checkout === undefined ? {} : { checkout }),
      }),
      'hello/prompt.md': '{{SCRIPT}}',
    },
    env: { GITHUB_API_URL: github.url },
    prepare: (dir) => {
      github.git.root = join(dir, 'git');
    },
  });
  mkdirSync(service.config.secretsDir, { recursive: true, mode: 0o700 });
  const token = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz\n';
  writeFileSync(join(service.config.secretsDir, 'gh-token'), token, { mode: 0o600 });
}

async function entry(run: Run, kind: string): Promise<TimelineEntry | undefined> {
  return (await service.app.runs.timeline(run.id)).find((each) => each.kind === kind);
}

async function refusal(run: Run): Promise<string> {
  return String((await entry(run, 'publish_refused'))?.data.codes);
}

const shown = (ref: string, format: string, ...more: string[]): string =>
  service.repository.git('log', '-1', `--format=${format}`, ...more, ref);

/** Pull request 7, whose head is what `ref` is; runs the script on it. */
async function onPullRequest(script: string, repository: string, ref: string): Promise<Run> {
  const sha = service.repository.git('rev-parse', ref);
  service.repository.git('update-ref', 'refs/pull/7/head', sha);
  const words = { number: 7, title: 'Feature', body: '', draft: false, state: 'open' as const, base: 'main' };
  github.pulls.length = 0;
  github.pulls.push({
    ...words,
    head: { ref: 'feature', sha, repository },
    labels: [],
    assignees: [],
    reviewers: [],
  });
  const payload = commentPayload(script) as { issue: object };
  const issue = { ...payload.issue, pull_request: { url: 'https://api.github.com/x' } };
  const { id } = await service.deliver({ ...payload, issue });
  const runId = await until(
    'there is a run',
    async () => (await service.app.deliveries.find(id))?.decision?.runId ?? undefined,
  );
  return await service.ended(runId);
}

const WORKFLOW = { '.github/workflows/ci.yml': 'on: push\n' };
const OTHERS = Object.fromEntries(Array.from({ length: 320 }, (_, index) => [`u${index}`, `${index}\n`]));

describe('what a push brings', () => {
  test('of a fork is judged like the agent’s, and what is pushed of it is told', async () => {
    await serve({}, { from: 'pull-request-head' });
    const { repository } = service;
    repository.git('update-ref', 'refs/work/fork', 'main');
    repository.commit({ fine: '1\n' }, { ref: 'refs/work/fork' });
    const fine = await onPullRequest(
      'echo b > b; git add b; git commit -qm B',
      'stranger/hello',
      'refs/work/fork',
    );
    expect((await entry(fine, 'changes_kept'))?.text).toBe(
      'The agent made 1 commit on top of 1 commit that no branch of this repository has; together they change 2 files.',
    );
    expect(await refusal(fine)).toBe('undefined');
    expect(shown(`github-flows/${fine.id}`, '%s')).toBe('B');
    repository.commit(WORKFLOW, { ref: 'refs/work/fork' });
    const evil = await onPullRequest(
      'echo c > c; git add c; git commit -qm C',
      'stranger/hello',
      'refs/work/fork',
    );
    expect(await refusal(evil)).toBe('publish_path_denied');
    expect(repository.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/github-flows')).toBe(
      `github-flows/${fine.id}`,
    );
  });

  test('does not hold what others did on a base that was merged, not in limits, words, patch or bundle', async () => {
    await serve({ as: 'pull-request-branch', limits: { allow: ['g'] } });
    const { repository } = service;
    repository.git('update-ref', 'refs/heads/feature', 'main');
    repository.commit({ g: 'a\n' }, { ref: 'refs/heads/feature' });
    repository.commit({ ...WORKFLOW, ...OTHERS, '.gitmodules': '' }, { ref: 'refs/heads/main' });
    const script = 'git merge -q --no-edit origin/main; echo b >> g; git commit -qam "One line"';
    const run = await onPullRequest(script, 'octo/hello', 'feature');
    expect((await entry(run, 'published'))?.text).toBe('Pushed to feature, the branch of pull request #7.');
    const kept = await entry(run, 'changes_kept');
    expect(kept?.text).toBe('The agent made 2 commits that change 1 file.');
    const patch = readFileSync(String(kept?.data.patch), 'utf8');
    expect(patch.match(/^diff --git .*$/gm)).toEqual(['diff --git a/g b/g']);
    expect(readFileSync(String(kept?.data.bundle)).length).toBeLessThan(2_000);
    expect(shown('feature', '%s')).toBe('One line');
  });

  test('as a patch holds no more either, and nothing is known only because it is large', async () => {
    await serve({ as: 'patch', limits: { files: 5 } });
    const { repository } = service;
    repository.git('update-ref', 'refs/heads/release', 'main');
    repository.commit({ ...OTHERS, '.gitmodules': '' }, { ref: 'refs/heads/release' });
    repository.commit({ m: '1\n' });
    const run = await service.run(
      'git merge -q --no-edit origin/release; echo b > b; git add b; git commit -qm B',
    );
    expect((await entry(run, 'published'))?.text).toBe('Posted the patch on #7.');
    const comment = github.comments.find(({ body }) => body.includes(`${run.id}:patch`));
    expect(comment?.body).toContain('diff --git a/b b/b');
    expect(comment?.body).not.toContain('u319');
  });
});

test('a branch that moves while the agent works makes nothing of its history new', async () => {
  await serve({}, { from: 'default-branch', depth: 1 });
  const { repository } = service;
  repository.commit({ big: randomBytes(300_000).toString('hex') });
  repository.commit({ after: '1\n' });
  const { id } = await service.deliver(commentPayload('echo b > b; git add b; git commit -qm B; sleep 6'));
  const run = await until('the agent works', async () => {
    const runId = (await service.app.deliveries.find(id))?.decision?.runId;
    const found = runId ? await service.app.runs.find(runId) : undefined;
    return found?.state === 'running' ? found : undefined;
  });
  repository.commit({ moved: '1\n' });
  const ended = await service.ended(run.id);
  const kept = await entry(ended, 'changes_kept');
  expect(kept?.text).toBe('The agent made 1 commit that changes 1 file.');
  expect(readFileSync(String(kept?.data.bundle)).length).toBeLessThan(2_000);
  expect(shown(`github-flows/${run.id}`, '%s')).toBe('B');
});

describe('whose the commits are', () => {
  test('are the account’s behind the token, by an address that nobody else can have', async () => {
    await serve({});
    const run = await service.run('echo more >> README.md; git commit -qam "Say more"');
    const robot = expect.stringMatching(/^the-robot <\d+\+the-robot@users\.noreply\.github\.com>$/);
    const [author, committer] = shown(`github-flows/${run.id}`, '%an <%ae>|%cn <%ce>').split('|');
    expect([author, committer]).toEqual([robot, robot]);
  });

  test('are nobody’s whom the profile does not name', async () => {
    await serve({ authors: ['Mona <mona@example.org>'] });
    const scripts = [
      'git commit -q --allow-empty --author "Linus <l@example.org>" -m a',
      'git -c user.name=Linus -c user.email=l@example.org commit -q --allow-empty -m b',
      'git commit -q --allow-empty -m c -m "Co-authored-by: Linus <l@example.org>"',
      'git commit -q --allow-empty -s --author "Mona <mona@example.org>" -m d -m "Co-authored-by: Mona <mona@example.org>"',
    ];
    const runs = await Promise.all(scripts.map((script) => service.run(`echo x > x; git add x; ${script}`)));
    expect(await Promise.all(runs.map(refusal))).toEqual([
      'publish_author',
      'publish_author',
      'publish_sign_off',
      'undefined',
    ]);
  });
});

test('messages of commits do nothing when they are pushed, and what stands on them stays whole', async () => {
  await serve({ link: 'none' });
  const run = await service.run(
    'echo 1 > a; git add a; git commit -qm Harmless; echo 2 > a; git commit -qam "Change it [skip ci]" -m "cc @octocat" -m "Fixes octo/other#5"; echo 3 > a; git commit -qam Last',
  );
  expect((await entry(run, 'changes_kept'))?.text).toContain('1 message would have done something');
  const messages = service.repository.git('log', '--format=%B', `main..github-flows/${run.id}`);
  expect(messages).not.toMatch(/\[skip ci\]|@octocat|Fixes octo/);
  expect(messages.replaceAll('\u2060', '')).toMatch(
    /Last[\s\S]*Change it \[skip ci\]\n\ncc @octocat\n\nFixes octo\/other#5[\s\S]*Harmless/,
  );
  expect(service.repository.git('show', `github-flows/${run.id}:a`)).toBe('3');
});

test('the shape of a token in a commit is told with its place, and an old one is not', async () => {
  await serve({});
  const token = `ghp_${'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jL5'}`;
  service.repository.commit({ old: `${token}x\n` });
  const run = await service.run(
    `echo more >> old; printf 'const a = 1;\\nconst fixture = "%s";\\n' ${token} > fixture.js; git add .; git commit -qm fixture`,
  );
  const note = await entry(run, 'publish_note');
  expect(note?.text).toContain('"fixture.js":2');
  expect(note?.text).not.toMatch(/ghp_|"old"/);
});

test('pointers of Git LFS and clones within the clone are refused before the push, and told for what they are', async () => {
  await serve({});
  const pointer = (digit: string): string =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize 12345\n`;
  service.repository.commit({ '.gitattributes': '*.png filter=lfs -text\n', 'a.png': pointer('a') });
  const lfs = `echo repaired > a.png; printf '${pointer('b').replaceAll('\n', '\\n')}' > b.png; git add .; git commit -qm p`;
  const nested = 'git clone -q . vendor/x; echo 1 >> README.md; git add -A 2>/dev/null; git commit -qm x';
  const [one, other] = await Promise.all([service.run(lfs), service.run(nested)]);
  expect(await refusal(one)).toBe('publish_lfs_missing, publish_lfs_unpacked');
  expect((await entry(other, 'publish_refused'))?.text).toContain('which git add took as links');
  expect(service.repository.git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).toBe('main');
});
