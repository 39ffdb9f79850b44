import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chatgptAuth, fakeLogin } from '../support/codex/login.ts';
import { changed, exampleOf, unlikeGitHub } from '../support/github/payload-shapes.ts';
import { runCommand } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const SHIPPED = resolve(import.meta.dirname, '../../profiles/agents');
const REPOSITORY = 'Codertocat/Hello-World';

type Explained = {
  decision: { run: boolean; profile: string | null; reason: string; permission: string };
  problems: unknown[];
  prompt: string;
  plan: {
    image: string;
    command: string[];
    network: unknown;
    mounts: { target: string; kind: string }[];
    githubToken: unknown;
  };
};

/** What starts each profile: an example of GitHub's, and what makes it fit. */
const STARTS: Record<string, { like: string; changes?: Record<string, never> | object; says: RegExp[] }> = {
  triage: {
    like: 'issues/15',
    says: [/issue #1\b/, /Spelling error in the README file/, /gh label list --repo/],
  },
  fix: {
    like: 'issue_comment/0',
    changes: { comment: { body: '/fix the spelling' } },
    says: [/issue #1 to be solved/, /\/fix the spelling/, /never push/],
  },
  review: {
    like: 'pull_request/0',
    says: [/git diff f95f852bd8fca8fcc58a9a2d6c842781e32a215e\.\.\.ec26c3e57ca3a959ca5aad62de7213c562f8c821/],
  },
  'fix-checks': {
    like: 'check_run/1',
    says: [
      /A check has failed/,
      /Octocoders-linter/,
      /ec26c3e57ca3a959ca5aad62de7213c562f8c821/,
      /never push/,
    ],
  },
};

/** The profiles with this repository put into them, as the page asks for; gives what `explain` says of a payload. */
async function explain(name: string, over: object = {}): Promise<Explained> {
  const dir = await temporaryDirectory();
  cpSync(SHIPPED, join(dir, 'profiles/agents'), { recursive: true });
  for (const profile of Object.keys(STARTS)) {
    const file = join(dir, 'profiles/agents', profile, 'profile.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"owner/repository"', `"${REPOSITORY}"`));
  }
  mkdirSync(join(dir, 'secrets/codex'), { recursive: true, mode: 0o700 });
  const login = JSON.stringify(chatgptAuth(fakeLogin(Date.now() + 86_400_000)));
  writeFileSync(join(dir, 'secrets/codex/auth.json'), login, { mode: 0o600 });
  writeFileSync(join(dir, 'secrets/gh-token'), 'ghp_0123456789abcdefghijklmnopqrstuvwxyz\n', { mode: 0o600 });
  const { like, changes = {} } = STARTS[name] ?? { like: '' };
  const event = like.split('/')[0] ?? '';
  expect(unlikeGitHub(event, changes as never)).toEqual([]);
  const payload = changed(changed(exampleOf(like), changes), over);
  writeFileSync(join(dir, 'payload.json'), JSON.stringify(payload));
  const settings = { SECRETS_DIR: join(dir, 'secrets') };
  const { code, out, err } = await runCommand(
    dir,
    settings,
    'explain',
    'payload.json',
    '--event',
    event,
    '--json',
  );
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
}

test('every shipped agent is one of those that are tried here', () => {
  const folders = readdirSync(SHIPPED, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(STARTS).toSorted());
});

test('no shipped profile is warned of', async () => {
  const dir = await temporaryDirectory();
  const settings = { PROFILES_DIR: resolve(SHIPPED, '..') };
  const { out } = await runCommand(dir, settings, 'profiles', 'validate', '--json');
  const { profiles, warnings } = JSON.parse(out);
  expect(profiles.length).toBeGreaterThanOrEqual(Object.keys(STARTS).length);
  expect(warnings).toEqual([]);
});

describe.each(Object.entries(STARTS))('agents/%s', (name, { says }) => {
  test('a shipped profile is started by its event as GitHub sends it, with a prompt that says what it is about', async () => {
    const { decision, problems, prompt } = await explain(name);
    expect(decision).toMatchObject({ run: true, profile: `agents/${name}`, reason: 'run_queued' });
    expect(problems).toEqual([]);
    for (const what of says) expect(prompt).toMatch(what);
    expect(prompt).not.toMatch(/\{\{|\}\}/);
  });

  test('reaches Codex and GitHub and nothing else, with a share of the login and the token it asks for', async () => {
    const { plan } = await explain(name);
    expect(plan.image).toBe('github-flows-agent-codex:latest');
    expect(plan.command).toEqual(expect.arrayContaining(['codex', 'exec', '--json']));
    expect(plan.network).toEqual({ allow: ['@codex', '@github'] });
    expect(plan.mounts.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      'workspace /workspace',
      'run-files /run/github-flows',
      'secrets /run/secrets',
      'shell-profile /etc/profile.d/github-flows.sh',
      'agent-state /home/user/.codex',
    ]);
    expect(plan.githubToken).toMatchObject({ file: expect.stringMatching(/\/secrets\/gh-token$/) });
  });

  test('a shipped profile is not started in another repository', async () => {
    const { decision } = await explain(name, { repository: { full_name: 'somebody/else' } });
    expect(decision).toMatchObject({ run: false, profile: null });
  });
});

test.each([
  ['triage', { issue: { user: null, body: null } }],
  ['fix', { issue: { user: null, body: null }, comment: { user: null } }],
  ['review', { pull_request: { user: null, body: null, head: { user: null, label: null, repo: null } } }],
])('agents/%s starts for an author whose account is gone, who is ghost', async (name, over) => {
  const { decision, problems, prompt } = await explain(name, over);
  expect(decision).toMatchObject({ run: true, reason: 'run_queued' });
  expect(problems).toEqual([]);
  expect(prompt).toContain('ghost');
});

test.each([
  [
    'fix',
    { issue: { pull_request: { url: 'https://api.github.com/repos/Codertocat/Hello-World/pulls/1' } } },
  ],
  ['fix', { comment: { body: 'Please /fix it.' } }],
  ['review', { pull_request: { draft: true } }],
  ['fix-checks', { check_run: { conclusion: 'success' } }],
  ['fix-checks', { check_run: { check_suite: { head_branch: 'github-flows/fix-checks-1' } } }],
  ['triage', { action: 'edited' }],
])('agents/%s leaves alone what it is not for: %j', async (name, over) => {
  expect((await explain(name, over)).decision).toMatchObject({ run: false, reason: 'no_profile_matched' });
});

test.each([
  ['triage', { contents: 'read', issues: 'write' }],
  ['fix', { contents: 'read', issues: 'read' }],
  ['review', { contents: 'read', pull_requests: 'read', checks: 'read' }],
  ['fix-checks', { contents: 'read', checks: 'read', actions: 'read' }],
])('agents/%s is granted no more than %j', (name, permissions) => {
  const profile = JSON.parse(readFileSync(join(SHIPPED, name, 'profile.json'), 'utf8'));
  expect(profile.credentials).toEqual({ github: { permissions } });
  expect(profile.execution.runtime?.network).toBeUndefined();
});
