import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { makeApp } from '../support/github/apps.ts';
import { appJson } from '../support/service/app-tokens.ts';
import { runCommand } from '../support/service/cli.ts';
import { commentPayload } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Written = { network?: unknown; [key: string]: unknown };

let dir: string;
let more: Record<string, string>;
beforeEach(async () => {
  more = {};
  dir = await temporaryDirectory();
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
});

/** A profile that starts for every comment on octo/hello, with these keys over it. */
function write(path: string, { network = 'none', ...keys }: Written = {}): void {
  const profile = {
    trigger: { event: 'issue_comment', repository: 'octo/hello' },
    allow: { permission: 'any' },
    execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1', network } },
    ...keys,
  };
  const file = join(dir, 'profiles', path, 'profile.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(profile));
}

async function explained(...argv: string[]): Promise<string> {
  writeFileSync(join(dir, 'comment.json'), JSON.stringify(commentPayload('hi')));
  const settings = { SECRETS_DIR: './secrets', GITHUB_API_URL: 'http://127.0.0.1:9', ...more };
  const words = ['explain', 'comment.json', '--event', 'issue_comment', ...argv];
  const { code, out, err } = await runCommand(dir, settings, ...words);
  expect([code, err]).toEqual([0, '']);
  return out;
}

test.each<[what: string, written: Written, verdict: RegExp]>([
  [
    'only the limits and the own account are left to ask',
    {},
    /^Would run if octocat is not the service itself, and if no budget of today is spent \[run_queued\]\nProfile p starts a run\.\n/,
  ],
  [
    'GitHub is to be asked for a permission',
    { allow: { permission: 'write' } },
    /^Would run if octocat has at least write permission on octo\/hello, and if .* \[run_queued\]\n(.*\n)*--ask checks/,
  ],
  [
    'everybody may read the repository',
    { allow: { permission: 'read' } },
    /^Would run if octocat has at least read permission on octo\/hello and belongs to it, for everybody may read it, and if /,
  ],
  [
    'a team would do, too',
    { allow: { permission: 'admin', teams: ['octo/core', 'octo/ops'] } },
    /^Would run if octocat has at least admin permission on octo\/hello or is a member of octo\/core or octo\/ops, and if /,
  ],
  [
    'there is a budget, and a group whose others are dropped',
    { budget: { runs: 3 }, concurrency: { group: '{{repository}}', onBusy: 'drop' } },
    /^Would run if .*no budget of today is spent, and if no other run of the group "octo\/hello" is under way \[/,
  ],
  [
    'a secret is not stored',
    { credentials: { secrets: ['NPM_TOKEN'] } },
    /^Would run if .*and if this is fixed: The secret NPM_TOKEN is nowhere.*secret set NPM_TOKEN.* \[secret_missing\]$/ms,
  ],
  [
    'nobody logged in',
    { credentials: { codex: true } },
    /^Would run if .*and if this is fixed: .*secrets\/codex is not there.*codex login.* \[codex_state_missing\]$/ms,
  ],
  [
    'there is no token',
    { credentials: { github: { permissions: { issues: 'write' } } } },
    /^Would run if .*and if this is fixed: .*gh-token is not there \[token_file_missing\]/,
  ],
  [
    'the sender is not let',
    { allow: { actors: ['hubot'] } },
    /^Would be refused: octocat is not among allow\.actors .*\[actor_not_allowed\]\n/,
  ],
  [
    'nothing matches',
    { trigger: { event: 'issue_comment', repository: 'octo/other' } },
    /^Would be refused: No profile matched.* \[no_profile_matched\]\n/,
  ],
  [
    'the prompt cannot be made',
    {
      execution: {
        handler: {
          type: 'agent',
          command: ['true'],
          promptRef: 'prompt.md',
          promptVariables: { LABEL: 'event.label.name' },
        },
        runtime: { image: 'image:1', network: 'none' },
      },
    },
    /^Would be refused: .*LABEL.* \[prompt_variable_missing\]\n/,
  ],
])('explain gives one verdict where %s', async (_what, written, verdict) => {
  write('p', written);
  writeFileSync(join(dir, 'profiles/p/prompt.md'), 'About {{LABEL}}.');
  expect(await explained()).toMatch(verdict);
  const kind = `would_${/be refused|run if|run/.exec(verdict.source)?.[0].replace(' ', '_')}`;
  expect(JSON.parse(await explained('--json')).verdict).toMatchObject({ kind });
});

test('explain ranks all profiles that match, and says why the first is preferred', async () => {
  write('team/special', { trigger: { event: 'issue_comment', repository: 'octo/hello', action: 'created' } });
  write('team/equal', {
    trigger: { event: ['issue_comment', 'push'], repository: ['octo/hello', 'octo/x'] },
  });
  write('team/also');
  write('other', { trigger: { event: 'push' } });
  expect(await explained()).toContain(
    [
      'Ranking of the matching profiles',
      '  1. team/special: 3 conditions, more than team/also (event, action, repository)',
      '  2. team/also: 2 conditions, fewer than team/special (event, repository)',
      '  3. team/equal: 2 conditions, as many as team/also, and its path sorts after that one (event, repository)',
      '',
    ].join('\n'),
  );
  const { ranking } = JSON.parse(await explained('--json'));
  expect(ranking.map(({ rank, profile }: never) => [rank, profile])).toEqual([
    [1, 'team/special'],
    [2, 'team/also'],
    [3, 'team/equal'],
  ]);
});

test('explain shows each list of hosts with what is on it', async () => {
  write('p', { network: { allow: ['@codex', 'api.example.org:8443', '*.example.net'] } });
  const out = await explained();
  expect(out).toContain('  network  only these hosts\n');
  expect(out).toMatch(/^ {2}hosts {4}@codex: .*\bchatgpt\.com/m);
  expect(out).toMatch(/^ {2}hosts {4}api\.example\.org:8443$/m);
  expect(out).toMatch(/^ {2}hosts {4}\*\.example\.net$/m);
  expect(JSON.parse(await explained('--json')).plan.hosts).toEqual([
    { entry: '@codex', hosts: expect.arrayContaining(['chatgpt.com']) },
    { entry: 'api.example.org:8443', hosts: ['api.example.org:8443'] },
    { entry: '*.example.net', hosts: ['*.example.net'] },
  ]);
  write('p', { network: 'open' });
  expect(await explained()).toContain('  network  open\n');
});

test('explain shows where the run’s token comes from: a file, the App that serves, or the one in a secret', async () => {
  const token = async () => {
    const { githubToken, mounts } = JSON.parse(await explained('--json')).plan;
    expect(JSON.stringify(mounts)).not.toContain('gh-token');
    return githubToken;
  };
  const file = '/run/secrets/gh-token';
  const copyOf = join(dir, 'secrets/gh-token');
  write('p');
  expect(await token()).toBeNull();

  write('p', { credentials: { github: {} } });
  expect(await token()).toEqual({ file, secret: null, apps: [], copyOf });
  expect(await explained()).toContain(`  token    ${file}, a copy of ${copyOf}\n`);

  const app = (over: object) =>
    appJson(makeApp(), { apiUrl: 'http://127.0.0.1:9', username: 'robot[bot]', ...over });
  writeFileSync(join(dir, 'apps.json'), app({ urlPattern: '(?<baseUrl>.*)/octo/hello' }), { mode: 0o600 });
  more = { APPS_FILE: join(dir, 'apps.json') };
  const [name] = (await token()).apps;
  expect(await token()).toEqual({ file, secret: null, apps: [name], copyOf });
  expect(await explained()).toContain(
    `  token    ${file}, of the App ${name} where it is installed, else a copy of ${copyOf}\n`,
  );
  writeFileSync(join(dir, 'apps.json'), app({ urlPattern: '(?<baseUrl>.*)/octo/other' }));
  expect((await token()).apps).toEqual([]);

  write('p', { credentials: { github: { app: 'DEPLOY_APP' } } });
  expect(await token()).toEqual({ file, secret: 'DEPLOY_APP', apps: [], copyOf: null });
  expect(await explained()).toContain(`  token    ${file}, of the App in the secret DEPLOY_APP\n`);
});
