import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
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
async function serve(publish: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<void> {
  const variables = { SCRIPT: 'event.comment.body' };
  service = await startService({
    profiles: {
      'hello/profile.json': shellProfile('sh -e /run/github-flows/prompt.md', {
        handler: {
          command: ['sh', '-ec', 'cd repo; . /run/github-flows/prompt.md'],
          promptRef: 'prompt.md',
          promptVariables: variables,
        },
        publish,
        ...more,
      }),
      'hello/prompt.md': '{{SCRIPT}}',
    },
    env: { GITHUB_API_URL: github.url },
    prepare: (dir) => {
      github.git.root = join(dir, 'git');
    },
  });
  mkdirSync(service.config.secretsDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(service.config.secretsDir, 'gh-token'), 'ghp_0123456789abcdefghijklmnopqrstuvwxyz\n', {
    mode: 0o600,
  });
}

const COMMIT = 'echo more >> README.md; git commit -qam "Say more"';

async function entry(run: Run, kind: string): Promise<TimelineEntry | undefined> {
  return (await service.app.runs.timeline(run.id)).find((each) => each.kind === kind);
}

async function refusal(run: Run): Promise<string> {
  return String((await entry(run, 'publish_refused'))?.data.codes);
}

const branches = (): string[] =>
  service.repository.git('for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n');

describe('a pull request of its own', () => {
  test('is a draft with the agent’s commits, linked to the issue, and shown to whom the profile names', async () => {
    await serve({ labels: ['agent'], assignees: ['octocat'], reviewers: ['hubot'] });
    const run = await service.run(COMMIT);
    expect(run.outcome).toBe('succeeded');
    expect(await entry(run, 'published')).toMatchObject({
      text: `Opened pull request #100 from github-flows/${run.id}.`,
      data: { url: 'https://github.com/octo/hello/pull/100', branch: `github-flows/${run.id}` },
    });
    const [pull] = github.pulls;
    expect(pull).toMatchObject({
      title: 'Say hello',
      draft: true,
      base: 'main',
      labels: ['agent'],
      assignees: ['octocat'],
      reviewers: ['hubot'],
    });
    expect(pull?.body).toContain('Closes #7');
    expect(pull?.body).toContain(`<!-- github-flows:run:${run.id} -->`);
    expect(service.repository.git('log', '-1', '--format=%s', `github-flows/${run.id}`)).toBe('Say more');
  });

  test('from a branch of its issue is updated by the next run, and never takes a branch that somebody else pushed to', async () => {
    await serve({ branch: 'fixes/{{issueNumber}}', title: 'Fix by {{run}}' });
    await service.run(COMMIT);
    const second = await service.run('echo other > other; git add other; git commit -qm "Other"');
    expect((await entry(second, 'published'))?.text).toBe('Updated pull request #100 from fixes/7.');
    expect(github.pulls).toMatchObject([{ title: `Fix by ${second.id}` }]);
    expect(service.repository.git('log', '--format=%s', 'main..fixes/7')).toBe('Other');
    const theirs = service.repository.commit({ human: 'x' }, { ref: 'refs/heads/fixes/7' });
    const third = await service.run(COMMIT);
    expect(await refusal(third)).toBe('publish_branch_taken');
    expect(service.repository.git('rev-parse', 'fixes/7')).toBe(theirs);
  });

  test('is opened without being a draft where there are none, and without what GitHub does not take', async () => {
    await serve({ reviewers: ['a-stranger'] });
    github.plan.hasDrafts = false;
    const run = await service.run(COMMIT);
    expect((await entry(run, 'publish_note'))?.text).toContain('the reviewers of octo/hello#100');
    expect(github.pulls).toMatchObject([{ draft: false }]);
  });

  test('comes later when GitHub is away meanwhile, and the run ends all the same', async () => {
    await serve({});
    github.misbehave({ status: 503 }, 3);
    const run = await service.run(COMMIT);
    expect(run.outcome).toBe('succeeded');
    await until('it is published', async () => await entry(run, 'published'), 90_000);
    expect(github.pulls).toHaveLength(1);
  });
});

describe('what is refused', () => {
  const refused = {
    publish_path_denied:
      'mkdir -p .github/workflows; echo x > .github/workflows/x.yml; git add -A; git commit -qm a; git rm -qr .github; git commit -qm b',
    publish_link_leaves: 'ln -s /etc/passwd l; git add l; git commit -qm l',
    publish_base_rewritten: 'git commit -q --amend -m rewritten; echo x > x; git add x; git commit -qm x',
    publish_binary_too_large: 'head -c 300000 /dev/zero > b; git add b; git commit -qm b',
    publish_submodule:
      'git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib; git commit -qm s',
  };

  test('is told with the limit that it breaks, nothing is pushed, and the patch is kept', async () => {
    await serve({});
    const runs = await Promise.all(Object.values(refused).map((script) => service.run(script)));
    expect(runs.map(({ outcome }) => outcome)).toEqual(runs.map(() => 'succeeded'));
    expect(await Promise.all(runs.map(refusal))).toEqual(Object.keys(refused));
    for (const run of runs)
      expect(existsSync(String((await entry(run, 'changes_kept'))?.data.patch))).toBe(true);
    expect(branches()).toEqual(['main']);
    expect(github.pulls).toEqual([]);
  });

  test('commits that hold a value which the run was handed stay here', async () => {
    await serve({}, { credentials: { github: { permissions: { contents: 'read' } } } });
    const run = await service.run(
      'cp /run/secrets/gh-token t; git add t; git commit -qm t; git rm -q t; git commit -qm u',
    );
    expect(await refusal(run)).toBe('publish_secret_found');
    expect(branches()).toEqual(['main']);
  });

  test('a run that failed publishes nothing, and one without commits says so', async () => {
    await serve({});
    const failed = await service.run(`${COMMIT}; exit 3`);
    expect(await entry(failed, 'changes_kept')).toBeDefined();
    const idle = await service.run('true');
    expect((await entry(idle, 'publish_nothing'))?.text).toBe(
      'Nothing was published: the agent committed nothing.',
    );
    expect(branches()).toEqual(['main']);
  });
});

describe('the branch of the pull request itself', () => {
  async function pullRequest(head: { repository?: string } = {}): Promise<Record<string, unknown>> {
    const sha = service.repository.commit({ feature: '1\n' }, { ref: 'refs/heads/feature' });
    service.repository.git('update-ref', 'refs/pull/7/head', sha);
    github.pulls.push({
      number: 7,
      title: 'Feature',
      body: '',
      draft: false,
      state: 'open',
      head: { ref: 'feature', sha, repository: head.repository ?? 'octo/hello' },
      base: 'main',
      labels: [],
      assignees: [],
      reviewers: [],
    });
    const payload = commentPayload('echo two >> feature; git commit -qam Two') as { issue: object };
    return { ...payload, issue: { ...payload.issue, pull_request: { url: 'https://api.github.com/x' } } };
  }

  async function ended(payload: object): Promise<Run> {
    const { id } = await service.deliver(payload);
    const runId = await until(
      'there is a run',
      async () => (await service.app.deliveries.find(id))?.decision?.runId ?? undefined,
    );
    return await service.ended(runId);
  }

  test('gets the commits', async () => {
    await serve({ as: 'pull-request-branch' });
    const run = await ended(await pullRequest());
    expect((await entry(run, 'published'))?.text).toBe('Pushed to feature, the branch of pull request #7.');
    expect(service.repository.git('log', '-1', '--format=%s', 'feature')).toBe('Two');
  });

  test('is never pushed to in a fork, which is known before the agent works', async () => {
    await serve({ as: 'pull-request-branch' });
    const run = await ended(await pullRequest({ repository: 'stranger/hello' }));
    expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'publish_fork' } });
  });
});

test('only the patch is posted when the profile says so, in a fence that it cannot close', async () => {
  await serve({ as: 'patch' });
  const run = await service.run("printf '````\n@octocat\n' > odd.md; git add odd.md; git commit -qm odd");
  const comment = github.comments.find(({ body }) => body.includes(`github-flows:run:${run.id}:patch`));
  expect(comment?.body).toContain('`````diff\n');
  expect(comment?.body).toContain('+@octocat');
  expect(branches()).toEqual(['main']);
});
