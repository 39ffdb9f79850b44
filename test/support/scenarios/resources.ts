import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestRepository } from '../git/repository.ts';
import { type GitHubApi, startGitHubApi } from '../github/api.ts';
import { makeApp, makeInstallation } from '../github/apps.ts';
import { runCommand } from '../service/cli.ts';
import { type Ground, makeGround, startServiceOn, type TestService } from '../service/service.ts';
import { payloadOf, type Scenario } from './scenario.ts';

/** A scenario's service and GitHub, and the commits of its repository by their placeholders (`<changes>`). */
export type Stage = { service: TestService; github: GitHubApi; commits: Map<string, string> };

type Place = { full_name: string; default_branch: string };

/** Where events happen that name no repository. */
const NO_REPOSITORY: Place = { full_name: 'octo/hello', default_branch: 'main' };

/** Sets the stage: the repository that the first delivery names, what GitHub knows, the profiles, the service. */
export async function setStage(scenario: Scenario): Promise<Stage> {
  const first = payloadOf(scenario.deliveries[0] ?? { like: '' }, () => undefined).payload;
  const { full_name: repository, default_branch: branch } = (first.repository ?? NO_REPOSITORY) as Place;
  const github = await startGitHubApi();
  const ground = makeGround({
    profiles: scenario.profiles,
    repository,
    env: { GITHUB_API_URL: github.url, ...scenario.settings },
    prepare(dir) {
      github.git.root = join(dir, 'git');
      mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
      if (scenario.github.token !== false)
        writeFileSync(join(dir, 'secrets/gh-token'), 'ghp_0123456789abcdefghijklmnopqrstuvwxyz\n', {
          mode: 0o600,
        });
    },
  });
  github.repositories.add(ground.fullName);
  const commits = makeRefs(ground.repository, branch, scenario.github.refs ?? {});
  teach(github, scenario.github, { commits, repository: ground.fullName, branch });
  if (scenario.github.app) await addApp(ground, github, scenario.github.app);
  return { service: await startServiceOn(ground), github, commits };
}

/** Adds an App of the stand-in to the service as an operator does, with these permissions in the repository. */
async function addApp(ground: Ground, github: GitHubApi, permissions: Record<string, string>): Promise<void> {
  const [owner = ''] = ground.fullName.split('/');
  const installation = { ...makeInstallation(owner, ground.fullName), id: 50_007, permissions };
  const app = makeApp({ id: 1_007, slug: 'the-robot', owner, installations: [installation] });
  github.apps.apps.push(app);
  writeFileSync(join(ground.dir, 'app.pem'), app.pem, { mode: 0o600 });
  const key = ['--app-id', String(app.id), '--key-file', join(ground.dir, 'app.pem')];
  const added = await runCommand(ground.dir, ground.settings, 'app', 'add', ...key);
  if (added.code !== 0) throw new Error(added.err);
  github.requests.length = 0;
}

function makeRefs(
  repository: TestRepository,
  branch: string,
  refs: NonNullable<Scenario['github']['refs']>,
): Map<string, string> {
  const main = repository.branches().get('main') ?? '';
  const commits = new Map([[`<${branch}>`, main]]);
  if (branch !== 'main') {
    repository.point(`refs/heads/${branch}`, main);
    writeFileSync(join(repository.path, 'HEAD'), `ref: refs/heads/${branch}\n`);
    rmSync(join(repository.path, 'refs/heads/main'));
  }
  for (const [name, files] of Object.entries(refs)) {
    const ref = name.startsWith('pull/') ? `refs/${name}` : `refs/heads/${name}`;
    const from = (typeof files === 'string' && commits.get(`<${files}>`)) || main;
    repository.point(ref, from);
    const isNew = typeof files !== 'string';
    commits.set(`<${name}>`, isNew ? repository.commit(files, { ref, message: `Change ${name}` }) : from);
  }
  return commits;
}

/** GitHub's older word for a role: https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user */
const OLDER: Readonly<Record<string, string>> = { maintain: 'write', triage: 'read' };

function teach(
  github: GitHubApi,
  {
    permissions = {},
    collaborators = [],
    teams,
    discussions,
    pulls = [],
    comments = [],
    faults = [],
  }: Scenario['github'],
  { commits, repository, branch }: { commits: Map<string, string>; repository: string; branch: string },
): void {
  for (const [login, role] of Object.entries(permissions))
    github.permissions.set(login, { permission: OLDER[role] ?? role, role_name: role });
  for (const login of collaborators) github.collaborators.add(login);
  Object.assign(github.talk.teams, teams);
  Object.assign(github.discussions.comments, structuredClone(discussions));
  github.comments.push(...comments);
  for (const { number, ref, base = branch, state = 'open', repository: of = repository } of pulls) {
    const head = {
      ref,
      sha: commits.get(`<${ref}>`) ?? commits.get(`<pull/${number}/head>`) ?? '',
      repository: of,
    };
    const none = { labels: [], assignees: [], reviewers: [] };
    github.pulls.push({ number, title: ref, body: '', draft: false, state, head, base, ...none });
  }
  for (const { at, how, times } of faults) github.misbehaveAt(new RegExp(at), how, times);
}
