import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Json = Record<string, unknown>;

const SETTINGS = {
  SECRETS_DIR: './secrets',
  DOCKER_HOST: 'unix:///nowhere/engine.sock',
  GITHUB_API_URL: 'http://127.0.0.1:9',
  WEBHOOK_SECRET: '0123456789abcdefghij',
};

const RUNTIME = 'execution.runtime';
const HANDLER = 'execution.handler';

/** A profile that works, with `value` at `place`. */
function profileWith(place: string, value: unknown): Json {
  const profile: Json = {
    trigger: { event: 'issue_comment', action: 'created', repository: 'octo/hello' },
    execution: {
      handler: {
        type: 'agent',
        command: ['codex', 'exec'],
        promptRef: 'prompt.md',
        promptVariables: { TITLE: 'event.issue.title' },
      },
      runtime: { image: 'agent:1' },
    },
  };
  const keys = place.split('/');
  const last = keys.pop() ?? '';
  let at = profile;
  for (const key of keys.join('.').split('.').filter(Boolean)) {
    at[key] ??= {};
    at = at[key] as Json;
  }
  at[last] = value;
  return profile;
}

async function place(profile: Json, prompt = 'Do {{TITLE}}.'): Promise<string> {
  const dir = await temporaryDirectory();
  mkdirSync(join(dir, 'profiles/p'), { recursive: true });
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
  writeFileSync(join(dir, 'profiles/p/profile.json'), JSON.stringify(profile));
  writeFileSync(join(dir, 'profiles/p/prompt.md'), prompt);
  return dir;
}

/** Where a mistake is made, what is written there, the code, and what the answer names: the nearest right one. */
const IN_PROFILES: [place: string, written: unknown, code: string, names: string][] = [
  ['triggers', { event: 'push' }, 'profile_unknown_key', '`trigger`'],
  ['on', { event: 'push' }, 'profile_unknown_key', '`trigger`'],
  ['trigger/events', ['push'], 'profile_unknown_key', '`event`'],
  ['trigger/branches', ['main'], 'profile_unknown_key', '`branch`'],
  ['trigger/repo', 'octo/hello', 'profile_unknown_key', '`repository`'],
  ['trigger/label', 'bug', 'profile_unknown_key', '`labels`'],
  ['trigger/labels', 'bug', 'profile_wrong_value', 'type array'],
  ['trigger/is_pull_request', true, 'profile_unknown_key', '`isPullRequest`'],
  ['trigger/filter', 'event.action = "x"', 'filter_invalid', 'character 14'],
  ['image', 'agent:1', 'profile_unknown_key', '/execution/runtime/image'],
  ['runtime', {}, 'profile_unknown_key', '/execution/runtime'],
  ['secrets', ['NPM_TOKEN'], 'profile_unknown_key', '/credentials/secrets'],
  ['permissions', { issues: 'write' }, 'profile_unknown_key', '/credentials/github/permissions'],
  ['retries', 2, 'profile_unknown_key', '`retry`'],
  [`${RUNTIME}/env`, ['A=b'], 'profile_wrong_value', 'type object'],
  [`${RUNTIME}/env`, { 'MY-VAR': 'x' }, 'env_name_invalid', 'underscores'],
  [`${RUNTIME}/env`, { PATH: '/x' }, 'env_name_refused', 'PATH'],
  [`${RUNTIME}/memory`, 4, 'docker_flag_value_invalid', '512m or 2g'],
  [`${RUNTIME}/timeout`, '30m', 'profile_unknown_key', '`timeoutSec`'],
  [`${RUNTIME}/timeout_sec`, 30, 'profile_unknown_key', '`timeoutSec`'],
  [`${RUNTIME}/timeoutSec`, '30m', 'profile_wrong_value', 'Seconds'],
  [`${RUNTIME}/cpu`, 2, 'profile_unknown_key', '`cpus`'],
  [`${RUNTIME}/cpus`, 'two', 'profile_wrong_value', '2, 0.5'],
  [`${RUNTIME}/readonlyRoot`, true, 'profile_unknown_key', '`readOnlyRoot`'],
  [`${RUNTIME}/image`, 'Agent:1', 'profile_wrong_value', 'lower case'],
  [`${RUNTIME}/image`, 'https://ghcr.io/a/b:1', 'profile_wrong_value', 'host or host:port'],
  [`${RUNTIME}/mounts`, [], 'profile_unknown_key', '`dockerArgs`'],
  [`${RUNTIME}/volumes`, ['/a:/b'], 'profile_unknown_key', '`dockerArgs`'],
  [`${RUNTIME}/docker_args`, [], 'profile_unknown_key', '`dockerArgs`'],
  [`${RUNTIME}/dockerArgs`, '--memory 1g', 'profile_wrong_value', 'one list item for each word'],
  [`${RUNTIME}/dockerArgs`, ['--memroy=1g'], 'docker_flag_unknown', '--memory'],
  [`${RUNTIME}/dockerArgs`, ['-v', '~/data:/data:ro'], 'mount_path_invalid', 'home directory'],
  [`${RUNTIME}/dockerArgs`, ['-v', './data:/data:ro'], 'mount_path_invalid', 'absolute path'],
  [
    `${RUNTIME}/dockerArgs`,
    ['--mount', 'type=bind,sorce=/srv/data,dst=/data,readonly'],
    'mount_syntax',
    'nearest is source',
  ],
  [
    `${RUNTIME}/dockerArgs`,
    ['--mount', 'type=bind,src=/srv/data,dst=/data,readOnly'],
    'mount_syntax',
    'nearest is readonly',
  ],
  [`${RUNTIME}/network`, 'None', 'profile_wrong_value', '"none"'],
  [`${RUNTIME}/network`, 'bridge', 'profile_wrong_value', 'nearest is "open"'],
  [`${RUNTIME}/network`, ['github.com'], 'profile_wrong_value', '{"allow": [...]}'],
  [`${RUNTIME}/network`, { hosts: ['github.com'] }, 'profile_unknown_key', '`allow`'],
  [`${RUNTIME}/network`, { allow: ['https://github.com/'] }, 'egress_entry_invalid', '"github.com"'],
  [`${RUNTIME}/network`, { allow: ['@gihub'] }, 'egress_list_unknown', '"@github"'],
  [`${HANDLER}/type`, 'agents', 'profile_wrong_value', '"agent"'],
  [`${HANDLER}/command`, 'codex exec', 'profile_wrong_value', 'type array'],
  [`${HANDLER}/prompt_ref`, 'prompt.md', 'profile_unknown_key', '`promptRef`'],
  [`${HANDLER}/promptVars`, {}, 'profile_unknown_key', '`promptVariables`'],
  [`${HANDLER}/promptRef`, 'promt.md', 'prompt_missing', '"prompt.md"'],
  [`${HANDLER}/promptRef`, 'prompt.MD', 'prompt_missing', '"prompt.md"'],
  [`${HANDLER}/promptRef`, '/etc/prompt.md', 'prompt_outside', 'relative path'],
  [
    `${HANDLER}/promptVariables`,
    { TITLE: '{{event.issue.title}}' },
    'profile_wrong_value',
    '"event.issue.title"',
  ],
  [
    `${HANDLER}/promptVariables`,
    { TITLE: '$event.issue.title' },
    'profile_wrong_value',
    '"event.issue.title"',
  ],
  [`${HANDLER}/promptVariables`, { TITLE: 'issue.title' }, 'profile_wrong_value', '"event.issue.title"'],
  [
    `${HANDLER}/promptVariables`,
    { TITLE: 'github.event.issue.title' },
    'profile_wrong_value',
    '"event.issue.title"',
  ],
  [
    `${HANDLER}/promptVariables`,
    { TITLE: 'attributes.isueNumber' },
    'prompt_path_unknown',
    'attributes.issueNumber',
  ],
  [`${HANDLER}/promptVariables`, { TITLE: 'run.idd' }, 'prompt_path_unknown', 'run.id'],
  ['credentials/secrets', ['npm-token'], 'profile_wrong_value', '"NPM_TOKEN"'],
  ['credentials/secrets', 'NPM_TOKEN', 'profile_wrong_value', 'type array'],
  ['credentials/secrets', [{ name: 'NPM_TOKEN', variable: 'X' }], 'profile_unknown_key', '`env`'],
  ['credentials/github', { permissions: { issue: 'write' } }, 'profile_unknown_key', '`issues`'],
  ['allow/users', ['octocat'], 'profile_unknown_key', '`actors`'],
  ['allow/actors', ['@octocat'], 'profile_wrong_value', '"octocat"'],
  ['allow/teams', ['core'], 'profile_wrong_value', '"your-org/core"'],
  ['allow/bots', ['*'], 'allow_any_bot', 'dependabot[bot]'],
  ['allow/permission', 'writer', 'profile_wrong_value', 'nearest is "write"'],
  ['allow/permission', 'push', 'profile_wrong_value', 'nearest is "write"'],
  ['publish/as', 'pr', 'profile_wrong_value', 'nearest is "pull-request"'],
  ['publish/branch', 'my branch', 'profile_wrong_value', '{{run}}'],
  ['publish/lables', ['x'], 'profile_unknown_key', '`labels`'],
  ['publish/deny', ['x'], 'profile_unknown_key', '/publish/limits/deny'],
  ['publish/limits', { files: '10' }, 'profile_wrong_value', 'type integer'],
  ['budget/run', 5, 'profile_unknown_key', '`runs`'],
  ['concurrency', { group: 'x', 'cancel-in-progress': true }, 'profile_unknown_key', '`onBusy`'],
  ['concurrency/group', '{{issue_number}}', 'group_name_unknown', '{{issueNumber}}'],
  ['report/comment', 'onFailure', 'profile_wrong_value', '"on-failure"'],
  ['checkout', 'head', 'profile_wrong_value', '"pull-request-head"'],
  ['retry/on', 'failed', 'profile_wrong_value', '"failure"'],
];

test.each(IN_PROFILES)(
  '%s as %j is answered by `profiles validate` with %s and %s',
  async (at, written, code, names) => {
    const dir = await place(profileWith(at, written));
    const answer = await runCommand(dir, SETTINGS, 'profiles', 'validate', '--json');
    expect(answer.code).toBe(1);
    const issues = JSON.parse(answer.out).issues as { code: string; message: string; hint: string }[];
    const told = issues.find((issue) => issue.code === code);
    expect(`${told?.message} ${told?.hint}`).toContain(names);
  },
);

test.each([
  ['Do {{TITEL}}.', 'prompt_unknown_name', 'TITLE'],
  ['Do {{title}}.', 'prompt_unknown_name', 'Write TITLE instead'],
  ['Do {{untrusted}}.', 'prompt_not_allowed', '{{untrusted NAME}}'],
  ['Do {{event.issue.title}}.', 'prompt_unknown_name', 'Known are TITLE'],
])('the prompt %j is answered with %s and %s', async (prompt, code, names) => {
  const dir = await place(profileWith('description', 'It works.'), prompt);
  const { out } = await runCommand(dir, SETTINGS, 'profiles', 'validate', '--json');
  const [issue] = JSON.parse(out).issues;
  expect([issue.code, `${issue.message} ${issue.hint}`]).toEqual([code, expect.stringContaining(names)]);
});

test.each<[place: string, written: unknown, code: string, names: string]>([
  ['trigger/event', 'isue_comment', 'trigger_event_unknown', '"issue_comment"'],
  ['trigger/event', 'issues.opened', 'trigger_event_unknown', '"event": "issues", "action": "opened"'],
  ['trigger/event', 'pull-request', 'trigger_event_unknown', '"pull_request"'],
  ['trigger/event', 'comment', 'trigger_event_unknown', '"issue_comment"'],
  ['trigger/action', 'create', 'trigger_action_unknown', '"created"'],
  ['trigger/action', 'Created', 'trigger_action_unknown', '"created"'],
  ['trigger/command', 'fix', 'trigger_value_never', '"/fix"'],
  ['trigger/command', '/fix now', 'trigger_value_never', '"/fix"'],
  ['trigger/repository', 'https://github.com/octo/hello', 'trigger_value_never', '"octo/hello"'],
  ['trigger/repository', 'octo/hello.git', 'trigger_value_never', '"octo/hello"'],
])(
  '%s as %j is warned of by `profiles validate --strict` with %s and %s',
  async (at, written, code, names) => {
    const dir = await place(profileWith(at, written));
    const answer = await runCommand(dir, SETTINGS, 'profiles', 'validate', '--strict', '--json');
    expect(answer.code).toBe(1);
    const warnings = JSON.parse(answer.out).warnings as { code: string; hint: string }[];
    expect(warnings.find((warning) => warning.code === code)?.hint).toContain(names);
  },
);

test('a profile that lacks its image is no valid profile, and is told with what it lacks', async () => {
  const dir = await place(profileWith(`${RUNTIME}/image`, undefined));
  const { code, out } = await runCommand(dir, SETTINGS, 'profiles', 'validate');
  expect(code).toBe(1);
  expect(out).toContain('[profile_incomplete]');
  expect(out).toContain('lacks execution.runtime.image');
  expect(out).not.toContain('valid');
});

test.each([
  ['WEBHOOK_SECERT=0123456789abcdefghij', 'option_unknown', 'WEBHOOK_SECRET'],
  ['PORTS=3000', 'option_unknown', 'PORT'],
  ['PROFILE_DIR=./profiles', 'option_unknown', 'PROFILES_DIR'],
  ['MAX_CONCURENT_RUNS=2', 'option_unknown', 'MAX_CONCURRENT_RUNS'],
  ['RUN_TIMEOUT=30', 'option_unknown', 'RUN_TIMEOUT_SEC'],
  ['LOGLEVEL=debug', 'option_unknown', 'LOG_LEVEL'],
  ['PORT: 3000', 'option_line_unreadable', 'NAME=value'],
])('%j in .env is answered by `doctor` with %s and %s', async (line, code, names) => {
  const dir = await place(profileWith('description', 'It works.'));
  writeFileSync(
    join(dir, '.env'),
    `# ours\nHTTPS_PROXY=http://proxy:3128\nGITHUB_FLOWS_SECRET_A="one\ntwo"\n${line}\n`,
  );
  const { out } = await runCommand(dir, SETTINGS, 'doctor', '--json');
  const { checks } = JSON.parse(out) as {
    checks: { name: string; problems: { code: string; message: string; hint: string }[] }[];
  };
  const problems = checks.find(({ name }) => name === 'configuration')?.problems ?? [];
  expect(problems.map((problem) => problem.code)).toEqual([code]);
  expect(`${problems[0]?.message} ${problems[0]?.hint}`).toContain(names);
  expect(out).not.toContain('0123456789abcdefghij');
});

test.each([
  [{ PORT: '99999' }, 'PORT'],
  [{ RUN_MEMORY: '4' }, '512m or 4g'],
  [{ RUN_TIMEOUT_SEC: '30m' }, 'RUN_TIMEOUT_SEC'],
  [{ LOG_LEVEL: 'verbose' }, 'debug'],
  [{ REDELIVER_MISSED: 'true' }, '`on` or `off`'],
  [{ NETWORK_DEFAULT: 'bridge' }, '`open`, `none`'],
  [{ RUN_AS: 'root' }, '1000:1000'],
])('the option %j is answered before anything runs, with %s', async (settings, names) => {
  const dir = await place(profileWith('description', 'It works.'));
  const { code, err } = await runCommand(
    dir,
    { ...SETTINGS, ...settings } as Record<string, string>,
    'serve',
  );
  expect(code).toBe(1);
  expect(err).toContain(names);
  expect(err).toContain('[option_invalid]');
});

test.each([
  [['run', 'list'], 'runs'],
  [['profile', 'validate'], 'profiles'],
  [['runs', 'lst'], 'list'],
  [['delivery', 'list'], 'deliveries'],
  [['runs', 'list', '--limt', '5'], '--limit'],
  [['doctor', '--repositry', 'a/b'], '--repository'],
  [['doctor', '--repo', 'octo/hello'], 'Did you mean --repository?'],
  [['doctor', '--repository', 'https://github.com/octo/hello.git'], 'owner/name: octo/hello.'],
  [['doctor', '--repository', 'git@github.com:octo/hello.git'], 'owner/name: octo/hello.'],
  [['profiles', 'check'], 'Did you mean validate?'],
  [['profiles', 'list', '--strict'], '`github-flows profiles validate` takes --strict.'],
  [['runs', 'stop', 'x'], 'Did you mean cancel?'],
  [['logs', 'x'], 'Did you mean `github-flows runs logs`?'],
  [['secret', 'rm', 'NPM_TOKEN'], 'Did you mean delete?'],
  [['app', 'rm', 'x'], 'Did you mean remove?'],
  [['serve', '--port', '3000'], 'PORT is a setting: set PORT=…'],
  [['version'], 'Did you mean --version?'],
  [['explain'], '`github-flows explain <delivery-or-file>`'],
  [['runs', 'logs', 'a', 'b'], '`github-flows runs logs <run>`'],
  [['deliveries', 'redeliver'], '--since <time>'],
  [['explain', '.env', '--event', 'issues.opened'], 'Did you mean issues?'],
  [['explain', '.env', '--event', 'issue-comment'], 'Did you mean issue_comment?'],
  [['explain', '.env', '--event', 'comment'], 'Did you mean issue_comment?'],
  [['explain', 'profiles', '--event', 'push'], 'profiles is a directory.'],
])('%j is answered with exit code 2 and %s', async (argv, names) => {
  const dir = await place(profileWith('description', 'It works.'));
  writeFileSync(join(dir, '.env'), '');
  const { code, err } = await runCommand(dir, SETTINGS, ...argv);
  expect(code).toBe(2);
  expect(err).toContain(names);
});

test('the policy’s mistakes are answered by name, with the nearest key and value', async () => {
  const dir = await place(profileWith('description', 'It works.'));
  writeFileSync(
    join(dir, 'policy.json'),
    JSON.stringify({ image: ['agent:*'], ceilings: { network: 'lists' } }),
    {
      mode: 0o600,
    },
  );
  const { code, err } = await runCommand(
    dir,
    { ...SETTINGS, POLICY_FILE: './policy.json' },
    'profiles',
    'validate',
  );
  expect(code).toBe(1);
  expect(err).toContain('images');
  expect(err).toContain('the nearest is "list"');
});

test('a secret that no store has is answered with the one whose name is near', async () => {
  const dir = await place(profileWith('description', 'It works.'));
  const settings = { ...SETTINGS, GITHUB_FLOWS_SECRET_NPM_TOKEN: 'a-value-of-a-secret' };
  const { code, err } = await runCommand(dir, settings, 'secret', 'get', 'NPM_TOKNE');
  expect(code).toBe(1);
  expect(err).toContain('Did you mean NPM_TOKEN');
  expect(err).not.toContain('a-value-of-a-secret');
});

test('a name that no secret can have is answered with one that it can, and a folder without a profile with one that has', async () => {
  const dir = await place(profileWith('description', 'It works.'));
  const { code, err } = await runCommand(dir, SETTINGS, 'secret', 'set', 'npm-token', 'a-value');
  expect(code).toBe(1);
  expect(err).toContain('for example NPM_TOKEN');
  const empty = await runCommand(dir, SETTINGS, 'secret', 'set', 'NPM_TOKEN', '', '--profile', 'P');
  expect(empty.code).toBe(1);
  expect(empty.err).toContain('Did you mean p?');
  expect(existsSync(join(dir, 'secrets/service'))).toBe(false);
  const blocked = { ...SETTINGS, SECRETS_DIR: './profiles/p/prompt.md' };
  const { err: why } = await runCommand(dir, blocked, 'secret', 'set', 'NPM_TOKEN', 'a-value');
  expect(why).toContain('SECRETS_DIR names another place. [secret_store_unwritable]');
});
