import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run, TimelineEntry } from '../../src/runs/run.ts';
import { scriptedProfiles, writeHandedToken } from '../support/engine/scripted-agent.ts';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { startService, type TestService, until } from '../support/service/service.ts';

let github: GitHubApi;
let service: TestService;

/** The issue whose comments start runs that publish like this; the branch of the second is the same each time. */
const ISSUES = { linked: 7, branch: 8, odd: 9, plain: 10, granted: 11 };

beforeAll(async () => {
  github = await startGitHubApi();
  github.repositories.add('octo/hello');
  service = await startService({
    profiles: scriptedProfiles({
      linked: {
        issue: ISSUES.linked,
        publish: { labels: ['agent'], assignees: ['octocat'], reviewers: ['hubot'] },
      },
      branch: {
        issue: ISSUES.branch,
        publish: { branch: 'fixes/{{issueNumber}}', title: 'Fix by {{run}}' },
      },
      odd: { issue: ISSUES.odd, publish: { reviewers: ['a-stranger'] } },
      plain: { issue: ISSUES.plain, publish: {} },
      granted: {
        issue: ISSUES.granted,
        publish: {},
        credentials: { github: { permissions: { contents: 'read' } } },
      },
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

const COMMIT = 'echo more >> README.md; git commit -qam "Say more"';

async function entry(run: Run, kind: string): Promise<TimelineEntry | undefined> {
  return (await service.app.runs.timeline(run.id)).find((each) => each.kind === kind);
}

async function refusal(run: Run): Promise<string> {
  return String((await entry(run, 'publish_refused'))?.data.codes);
}

/** Every branch with its commit, and how many pull requests there are. */
const published = (): unknown => [
  service.repository.git('for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/heads'),
  github.pulls.length,
];

const pullOf = (branch: string) => github.pulls.find(({ head }) => head.ref === branch);

describe('a pull request of its own', () => {
  test('is a draft with the agent’s commits under the token’s account, linked to the issue, and shown to whom the profile names', async () => {
    const run = await service.run(COMMIT, { issueNumber: ISSUES.linked });
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
    const format = '--format=%s|%an <%ae>|%cn <%ce>';
    const [subject, ...people] = service.repository
      .git('log', '-1', format, `github-flows/${run.id}`)
      .split('|');
    // An address that nobody else can have.
    const robot = expect.stringMatching(/^the-robot <\d+\+the-robot@users\.noreply\.github\.com>$/);
    expect([subject, ...people]).toEqual(['Say more', robot, robot]);
  });

  test('from a branch of its issue is updated by the next run, and never takes a branch that somebody else pushed to', async () => {
    await service.run(COMMIT, { issueNumber: ISSUES.branch });
    const { number } = pullOf('fixes/8') ?? {};
    const second = await service.run('echo other > other; git add other; git commit -qm "Other"', {
      issueNumber: ISSUES.branch,
    });
    expect((await entry(second, 'published'))?.text).toBe(`Updated pull request #${number} from fixes/8.`);
    expect(pullOf('fixes/8')).toMatchObject({ title: `Fix by ${second.id}` });
    expect(service.repository.git('log', '--format=%s', 'main..fixes/8')).toBe('Other');
    service.repository.commit({ human: 'x' }, { ref: 'refs/heads/fixes/8' });
    const before = published();
    const third = await service.run(COMMIT, { issueNumber: ISSUES.branch });
    expect(await refusal(third)).toBe('publish_branch_taken');
    expect(published()).toEqual(before);
  });

  test('comes later when GitHub is away meanwhile, though the run ends: no draft where there are none, and without what GitHub does not take', async () => {
    github.plan.hasDrafts = false;
    github.misbehave({ status: 503 }, 3);
    const run = await service.run(COMMIT, { issueNumber: ISSUES.odd });
    expect(run.outcome).toBe('succeeded');
    await until('it is published', async () => await entry(run, 'published'), 90_000);
    const pull = pullOf(`github-flows/${run.id}`);
    expect(pull).toMatchObject({ draft: false });
    expect((await entry(run, 'publish_note'))?.text).toContain(`the reviewers of octo/hello#${pull?.number}`);
  });
});

describe('what is refused', () => {
  const refused = {
    publish_base_rewritten: 'git commit -q --amend -m rewritten',
    publish_path_denied:
      'mkdir -p .github/workflows; echo x > .github/workflows/x.yml; git add -A; git commit -qm a; git rm -qr .github; git commit -qm b',
    publish_submodule:
      'git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib; git commit -qm s',
    publish_link_leaves: 'ln -s /etc/passwd l; git add l; git commit -qm l',
    publish_binary_too_large: 'head -c 300000 /dev/zero > b; git add b; git commit -qm b',
  };

  test('is told with every limit that it breaks, nothing is pushed, and the patch is kept', async () => {
    const before = published();
    const run = await service.run(Object.values(refused).join('; '), { issueNumber: ISSUES.plain });
    expect(run.outcome).toBe('succeeded');
    expect(await refusal(run)).toBe(Object.keys(refused).join(', '));
    expect(existsSync(String((await entry(run, 'changes_kept'))?.data.patch))).toBe(true);
    expect(published()).toEqual(before);
  });

  test('commits that hold a value which the run was handed stay here', async () => {
    const before = published();
    const run = await service.run(
      'cp /run/secrets/gh-token t; git add t; git commit -qm t; git rm -q t; git commit -qm u',
      { issueNumber: ISSUES.granted },
    );
    expect(await refusal(run)).toBe('publish_secret_found');
    expect(published()).toEqual(before);
  });
});
