import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadProfiles } from '../../src/profiles/read/load.ts';
import {
  AGENT,
  checks,
  codes,
  load,
  profilesDirectory,
  writeFiles,
} from '../support/profiles/profile-files.ts';

const BASE = { trigger: { event: 'push' }, execution: AGENT };
const inDirectory = (dir: string) => loadProfiles({ dir, checks });
const runtime = (settings: object) => ({
  ...BASE,
  execution: { ...AGENT, runtime: { ...AGENT.runtime, ...settings } },
});
const handler = (settings: object) => ({
  ...BASE,
  execution: { ...AGENT, handler: { ...AGENT.handler, ...settings } },
});

/** Every place in a JSON value, as keys from the top. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...placesIn(inner).map((rest) => [key, ...rest]),
  ]);
}

function replaced(value: object, [key = '', ...rest]: readonly string[], by: unknown): object {
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = rest.length === 0 ? by : replaced(copy[key] as object, rest, by);
  return copy;
}

describe('a profile with an error', () => {
  test.each<[string, object, [string, string]]>([
    ['a key that is misspelt', { triger: {} }, ['profile_unknown_key', '/triger']],
    ['a misspelt attribute', { trigger: { evnt: 'push' } }, ['profile_unknown_key', '/trigger/evnt']],
    [
      'a permission that GitHub does not have',
      { credentials: { github: { permissions: { content: 'write' } } } },
      ['profile_unknown_key', '/credentials/github/permissions/content'],
    ],
    [
      'a level that GitHub does not have',
      { credentials: { github: { permissions: { contents: 'admin' } } } },
      ['profile_wrong_value', '/credentials/github/permissions/contents'],
    ],
    [
      'no permission at all',
      { credentials: { github: { permissions: {} } } },
      ['profile_wrong_value', '/credentials/github/permissions'],
    ],
    [
      'an App in a secret whose name no secret has',
      { credentials: { github: { app: 'deploy-app' } } },
      ['profile_wrong_value', '/credentials/github/app'],
    ],
    [
      'an App whose secret the runs would be given',
      { credentials: { github: { app: 'DEPLOY_APP' }, secrets: [{ name: 'DEPLOY_APP', env: 'APP' }] } },
      ['app_secret_granted', '/credentials/github/app'],
    ],
    ['a key of a later version', { schedule: {} }, ['profile_unknown_key', '/schedule']],
    [
      'a group with a name that no event has',
      { concurrency: { group: '{{repository}}#{{issue}}' } },
      ['group_name_unknown', '/concurrency/group'],
    ],
    [
      'a group with a helper',
      { concurrency: { group: '{{upper branch}}' } },
      ['group_name_unknown', '/concurrency/group'],
    ],
    [
      'a group whose braces are left open',
      { concurrency: { group: '{{repository' } },
      ['group_syntax', '/concurrency/group'],
    ],
    [
      'a way to be busy that is none',
      { concurrency: { onBusy: 'wait' } },
      ['profile_wrong_value', '/concurrency/onBusy'],
    ],
    ['a key with a slash and a tilde', { 'a/b~c': 1 }, ['profile_unknown_key', '/a~1b~0c']],
    ['a condition that is an object', { trigger: { event: {} } }, ['profile_wrong_value', '/trigger/event']],
    [
      'a condition with a list in its list',
      { trigger: { event: [['push']] } },
      ['profile_wrong_value', '/trigger/event/0'],
    ],
    ['labels that are no list', { trigger: { labels: 'bug' } }, ['profile_wrong_value', '/trigger/labels']],
    ['a label that is a number', { trigger: { labels: [1] } }, ['profile_wrong_value', '/trigger/labels/0']],
    [
      'a filter that is a list',
      { trigger: { filter: ['true'] } },
      ['profile_wrong_value', '/trigger/filter'],
    ],
    [
      'a filter with a wrong name',
      { trigger: { filter: 'evnt.x == 1' } },
      ['filter_invalid', '/trigger/filter'],
    ],
    [
      'a filter with a regular expression',
      { trigger: { filter: 'event.a.matches("a")' } },
      ['filter_refused', '/trigger/filter'],
    ],
    [
      'a permission that GitHub does not have',
      { allow: { permission: 'push' } },
      ['profile_wrong_value', '/allow/permission'],
    ],
    [
      'an id of a login that is no number',
      { allow: { actors: ['alice#x'] } },
      ['profile_wrong_value', '/allow/actors/0'],
    ],
    ['a login with an @', { allow: { actors: ['@alice'] } }, ['profile_wrong_value', '/allow/actors/0']],
    ['any bot', { allow: { bots: ['*'] } }, ['allow_any_bot', '/allow/bots/0']],
    ['any bot that ends so', { allow: { bots: ['ok[bot]', '*[bot]'] } }, ['allow_any_bot', '/allow/bots/1']],
    [
      'a command that is one text',
      handler({ command: 'bash -c' }),
      ['profile_wrong_value', '/execution/handler/command'],
    ],
    ['an empty command', handler({ command: [] }), ['profile_wrong_value', '/execution/handler/command']],
    [
      'a NUL in an argument',
      handler({ args: ['a\0b'] }),
      ['profile_wrong_value', '/execution/handler/args/0'],
    ],
    [
      'an unknown type of handler',
      handler({ type: 'robot' }),
      ['profile_wrong_value', '/execution/handler/type'],
    ],
    [
      'an agent without a prompt',
      handler({ type: 'agent' }),
      ['prompt_not_named', '/execution/handler/promptRef'],
    ],
    [
      'a prompt that is not there',
      handler({ promptRef: 'no.md' }),
      ['prompt_missing', '/execution/handler/promptRef'],
    ],
    [
      'a prompt that is a folder',
      handler({ promptRef: '.' }),
      ['prompt_unreadable', '/execution/handler/promptRef'],
    ],
    [
      'a prompt above the profiles',
      handler({ promptRef: '../../etc/passwd' }),
      ['prompt_outside', '/execution/handler/promptRef'],
    ],
    [
      'a prompt by its absolute path',
      handler({ promptRef: '/etc/passwd' }),
      ['prompt_outside', '/execution/handler/promptRef'],
    ],
    [
      'a variable with a bad name',
      handler({ promptVariables: { 'A-B': 'event.x' } }),
      ['profile_wrong_value', '/execution/handler/promptVariables'],
    ],
    [
      'a variable from nowhere',
      handler({ promptVariables: { A: 'env.HOME' } }),
      ['profile_wrong_value', '/execution/handler/promptVariables/A'],
    ],
    [
      'a variable from a whole root',
      handler({ promptVariables: { A: 'event' } }),
      ['profile_wrong_value', '/execution/handler/promptVariables/A'],
    ],
    [
      'a variable from no attribute',
      handler({ promptVariables: { A: 'attributes.brnch' } }),
      ['prompt_path_unknown', '/execution/handler/promptVariables/A'],
    ],
    [
      'a variable from deep in an attribute',
      handler({ promptVariables: { optional: { A: { path: 'attributes.branch.name' } } } }),
      ['prompt_path_unknown', '/execution/handler/promptVariables/optional/A/path'],
    ],
    [
      'a variable from nothing that a run has',
      handler({ promptVariables: { A: 'run.delivery' } }),
      ['prompt_path_unknown', '/execution/handler/promptVariables/A'],
    ],
    [
      'an optional variable from nothing that a workspace has',
      handler({ promptVariables: { optional: { A: { path: 'workspace.constructor' } } } }),
      ['prompt_path_unknown', '/execution/handler/promptVariables/optional/A/path'],
    ],
    [
      'a variable in both lists',
      handler({ promptVariables: { required: { A: 'event.a' }, optional: { A: { path: 'event.b' } } } }),
      ['prompt_variable_twice', '/execution/handler/promptVariables/optional/A'],
    ],
    [
      'an optional variable without its path',
      handler({ promptVariables: { optional: { A: {} } } }),
      ['profile_wrong_value', '/execution/handler/promptVariables/optional/A'],
    ],
    ...[
      'ghcr.io/acme/',
      'ghcr.io//x/y',
      'http://ghcr.io/x/y',
      'a//b',
      'x/../y',
      'x/./y',
      'Acme/x',
      'ghcr.io/Acme/x',
      'a'.repeat(400),
    ].map((image): [string, object, [string, string]] => [
      `the image ${image.slice(0, 20)}`,
      runtime({ image }),
      ['profile_wrong_value', '/execution/runtime/image'],
    ]),
    ['an image with a space', runtime({ image: 'a b' }), ['profile_wrong_value', '/execution/runtime/image']],
    [
      'an image like a flag',
      runtime({ image: '--privileged' }),
      ['profile_wrong_value', '/execution/runtime/image'],
    ],
    [
      'a timeout of zero',
      runtime({ timeoutSec: 0 }),
      ['profile_wrong_value', '/execution/runtime/timeoutSec'],
    ],
    [
      'a timeout as text',
      runtime({ timeoutSec: '1800' }),
      ['profile_wrong_value', '/execution/runtime/timeoutSec'],
    ],
    [
      'a timeout beyond all clocks',
      runtime({ timeoutSec: 1e15 }),
      ['profile_wrong_value', '/execution/runtime/timeoutSec'],
    ],
    [
      'a network that is not known',
      runtime({ network: 'host' }),
      ['profile_wrong_value', '/execution/runtime/network'],
    ],
    [
      'a variable with a number',
      runtime({ env: { A: 1 } }),
      ['profile_wrong_value', '/execution/runtime/env/A'],
    ],
    [
      'both forms of checkout',
      { checkout: { from: 'default-branch', ref: 'x' } },
      ['profile_wrong_value', '/checkout'],
    ],
    ['a checkout of nothing known', { checkout: 'main' }, ['profile_wrong_value', '/checkout']],
    ['a checkout that is a number', { checkout: 5 }, ['profile_wrong_value', '/checkout']],
    ['a ref like a flag', { checkout: { ref: '--upload-pack=x' } }, ['profile_wrong_value', '/checkout/ref']],
    ['a ref with dots', { checkout: { ref: 'a/../b' } }, ['profile_wrong_value', '/checkout/ref']],
    ['no depth', { checkout: { depth: 0 } }, ['profile_wrong_value', '/checkout/depth']],
    [
      'a comment at a time that is not known',
      { report: { comment: 'sometimes' } },
      ['profile_wrong_value', '/report/comment'],
    ],
    [
      'a team without its organisation',
      { allow: { teams: ['core'] } },
      ['profile_wrong_value', '/allow/teams/0'],
    ],
    ['a budget of nothing', { budget: { runs: 0 } }, ['profile_wrong_value', '/budget/runs']],
    ['a misspelt check', { report: { chekc: true } }, ['profile_unknown_key', '/report/chekc']],
  ])('%s', async (_name, change, [code, path]) => {
    const result = await load({ 'sub/profile.json': { ...BASE, ...change } });
    expect(result.issues).toEqual([
      {
        code,
        path,
        file: expect.stringMatching(/sub\/profile\.json$/),
        message: expect.stringMatching(/^.{20}[\s\S]*\.$/),
        hint: expect.stringMatching(/^.{10}[\s\S]*\.$/),
      },
    ]);
    expect(result.profiles).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['memory that is no size', { memory: 'lots' }, 'memory'],
    ['unlimited memory', { memory: 0 }, 'memory'],
    ['unlimited processes', { pids: -1 }, 'pids'],
    ['no processor', { cpus: 0 }, 'cpus'],
    ['a shared memory that is no size', { shmSize: '-1' }, 'shmSize'],
    ['root', { user: '0:0' }, 'user'],
    ['root’s group', { user: '1000:0' }, 'user'],
    ['a user without a group', { user: '1000' }, 'user'],
    ['a user that is a flag', { user: '--privileged' }, 'user'],
    ['a variable that loads programs', { env: { LD_PRELOAD: '/x.so' } }, 'env/LD_PRELOAD'],
    ['a variable with a bad name', { env: { 'A=B': 'x' } }, 'env/A=B'],
    ['a flag that is not known', { dockerArgs: ['--read-only', '--privileged'] }, 'dockerArgs/1'],
    [
      'a mount that is denied',
      { dockerArgs: ['--init', '--mount', 'type=bind,src=/etc,dst=/m,readonly'] },
      'dockerArgs/1',
    ],
    ['a mount of the home', { dockerArgs: ['-v', '/home/user:/m:ro'] }, 'dockerArgs/0'],
  ])('in its runtime: %s', async (_name, settings, key) => {
    const { issues } = await load({ 'profile.json': runtime(settings) });
    expect(issues.map(({ path }) => path)).toEqual([`/execution/runtime/${key}`]);
  });

  test('all errors of all files are reported at once, and the good profiles with them', async () => {
    const result = await load({
      'a/profile.json': { ...BASE, triger: 1, alow: 2, report: { reaction: 'yes' } },
      'b/profile.json': '{ "trigger": ',
      'c/profile.json': BASE,
      'd/profile.json': {
        ...runtime({ env: { PATH: 'x' }, memory: 'x' }),
        trigger: { event: 'push', filter: '1' },
      },
    });
    expect(codes(result).toSorted()).toEqual([
      'docker_flag_value_invalid',
      'env_name_refused',
      'filter_invalid',
      'profile_not_json',
      'profile_unknown_key',
      'profile_unknown_key',
      'profile_wrong_value',
    ]);
    expect(result.profiles.map(({ path }) => path)).toEqual(['c']);
  });

  test('what the schema refuses hides no other error of its file, and nothing is built from the rest', async () => {
    const dir = profilesDirectory({
      'outside.md': 'x',
      'all/profile.json': {
        trigger: { event: {}, filter: 'event.a.matches("a")' },
        allow: { bots: ['*'] },
        execution: {
          handler: {
            ...AGENT.handler,
            args: [5, `ghp_${'a1B2c3D4e5F6'.repeat(3)}`],
            promptRef: '../../etc/passwd',
            promptVariables: {
              required: { A: 'evnt.x', 'B-C': 'run.nope' },
              optional: { D: { path: 'evnt.x', default: 5 }, E: { path: 'attributes.nope', default: 5 } },
            },
          },
          runtime: {
            image: '-x y',
            env: { LD_PRELOAD: 5, PATH: '/x' },
            network: { allow: 5 },
            memory: [],
            dockerArgs: [5, '--privileged', '-v', '/:/host:ro'],
          },
        },
      },
      'all/below/profile.json': BASE,
    });
    const { issues, profiles } = await inDirectory(dir);
    expect(profiles).toEqual([]);
    expect(issues.map(({ code, path }) => `${code} ${path}`).toSorted()).toEqual([
      'allow_any_bot /allow/bots/0',
      'docker_flag_unknown /execution/runtime/dockerArgs/1',
      'env_name_refused /execution/runtime/env/LD_PRELOAD',
      'env_name_refused /execution/runtime/env/PATH',
      'filter_refused /trigger/filter',
      'mount_denied /execution/runtime/dockerArgs/2',
      'profile_wrong_value /execution/handler/args/0',
      'profile_wrong_value /execution/handler/promptVariables/optional/D/default',
      'profile_wrong_value /execution/handler/promptVariables/optional/D/path',
      'profile_wrong_value /execution/handler/promptVariables/optional/E/default',
      'profile_wrong_value /execution/handler/promptVariables/required',
      'profile_wrong_value /execution/handler/promptVariables/required/A',
      'profile_wrong_value /execution/runtime/dockerArgs/0',
      'profile_wrong_value /execution/runtime/env/LD_PRELOAD',
      'profile_wrong_value /execution/runtime/image',
      'profile_wrong_value /execution/runtime/memory',
      'profile_wrong_value /execution/runtime/network/allow',
      'profile_wrong_value /trigger/event',
      'prompt_outside /execution/handler/promptRef',
      'prompt_path_unknown /execution/handler/promptVariables/optional/E/path',
      'prompt_path_unknown /execution/handler/promptVariables/required/B-C',
      'secret_in_profile /execution/handler/args/1',
    ]);
  });

  test('any value of the wrong type, anywhere, leaves the rest to be checked', async () => {
    const whole = {
      ...runtime({
        env: { A: 'x' },
        network: { allow: ['example.org'] },
        memory: '1g',
        pids: 5,
        cpus: 1,
        user: '1:1',
        dockerArgs: ['--init'],
        setupScript: 'true',
      }),
      trigger: { event: 'push', filter: 'true', labels: ['x'] },
      checkout: { ref: 'main', depth: 1 },
      allow: { actors: ['a'], bots: ['b'] },
    };
    const variables = { required: { A: 'event.a' }, optional: { B: { path: 'event.b', default: '' } } };
    const full = {
      ...whole,
      execution: {
        ...whole.execution,
        handler: { ...AGENT.handler, args: ['x'], promptRef: 'p.md', promptVariables: variables },
      },
    };
    const files: Record<string, unknown> = {};
    for (const path of placesIn(full))
      for (const [index, wrong] of [null, 5, true, 'no\0', [], [[]], {}, { x: {} }].entries())
        files[`${path.join('-')}-${index}/profile.json`] = { ...replaced(full, path, wrong), triger: 1 };
    const { issues, profiles } = await load(files);
    expect(profiles).toEqual([]);
    expect(issues.filter(({ code }) => code === 'profile_unknown_key').length).toBeGreaterThanOrEqual(
      Object.keys(files).length,
    );
  });

  test('a path that can never exist is reported the nearest one', async () => {
    const { issues } = await load({
      'profile.json': handler({ promptVariables: { A: 'run.delivery', B: 'workspace.pth', C: 'run.id.x' } }),
    });
    expect(issues.map(({ message }) => /nearest is (.*)\.$/.exec(message)?.[1])).toEqual([
      'run.deliveryId',
      'workspace.path',
      'run.id',
    ]);
  });

  test('a default with an error is reported once, however many inherit it', async () => {
    const result = await load({
      'profile.json': {
        execution: {
          ...AGENT,
          runtime: { ...AGENT.runtime, env: { PATH: 'x' }, memory: '1g', dockerArgs: ['-m', '2g'] },
        },
      },
      'a/profile.json': { trigger: { event: 'push' } },
      'b/profile.json': { trigger: { event: 'push' } },
    });
    expect(codes(result)).toEqual(['env_name_refused', 'docker_args_contradict']);
    expect(result.issues.every(({ file }) => /\/gf-profiles-[^/]*\/profile\.json$/.test(file ?? ''))).toBe(
      true,
    );
  });

  test('a misspelt key is reported the nearest one, a misplaced one its place', async () => {
    const { issues } = await load({
      'profile.json': {
        triger: {},
        runtime: {},
        execution: { runtime: { timeoutSecs: 5, ['x'.repeat(300)]: 1 } },
      },
    });
    const messages = issues.map(({ message }) => message);
    expect(messages[0]).toContain('`trigger`');
    expect(messages[1]).toContain('/execution/runtime');
    expect(messages[2]).toContain('`timeoutSec`');
    expect(messages[3]?.length).toBeLessThan(300);
  });

  test('a secret that stands in a variable by mistake is not repeated', async () => {
    const { issues } = await load({
      'profile.json': runtime({
        env: { TOKEN: 'hunter2\0', PATH: 'hunter2', A: 'hunter2' },
        dockerArgs: ['-e', 'A=hunter22'],
      }),
    });
    expect(issues.length).toBeGreaterThan(0);
    expect(JSON.stringify(issues)).not.toContain('hunter2');
  });
});

describe('flags and keys of one runtime', () => {
  test('agree or complete each other', async () => {
    const { profiles, issues } = await load({
      'profile.json': runtime({
        memory: '1g',
        network: 'none',
        env: { A: '1' },
        dockerArgs: [
          '--memory',
          '1024m',
          '--network=none',
          '-e',
          'A=1',
          '-e',
          'B=2',
          '--cpus',
          '1.5',
          '--read-only',
          '-u',
          '1000:1000',
        ],
      }),
    });
    expect(issues).toEqual([]);
    expect(profiles[0]?.execution.runtime).toMatchObject({
      memoryBytes: 1024 ** 3,
      cpus: 1.5,
      network: 'none',
      user: '1000:1000',
      readOnlyRoot: true,
      env: { A: '1', B: '2' },
    });
  });

  test.each<[string, object, string[]]>([
    ['memory', { memory: 1024 ** 3 }, ['-m', '2g']],
    ['cpus', { cpus: 1 }, ['--cpus', '2']],
    ['pids', { pids: 10 }, ['--pids-limit', '11']],
    ['shmSize', { shmSize: '64m' }, ['--shm-size', '65m']],
    ['user', { user: '1000:1000' }, ['-u', '1001:1000']],
    ['network', { network: 'open' }, ['--network', 'none']],
    ['readOnlyRoot', { readOnlyRoot: false }, ['--read-only']],
    ['env/A', { env: { A: '1' } }, ['-e', 'A=2']],
  ])('flags and keys of one runtime may not contradict: %s', async (key, settings, dockerArgs) => {
    const { issues } = await load({ 'profile.json': runtime({ ...settings, dockerArgs }) });
    expect(issues.map(({ code, path }) => [code, path])).toEqual([
      ['docker_args_contradict', `/execution/runtime/${key}`],
    ]);
  });
});

describe('files that are no profiles', () => {
  test.each<[string, string | Uint8Array, string, RegExp]>([
    ['nothing', '', 'profile_not_json', /line 1, column 1/],
    ['a comma too many', '{\n  "trigger": {},\n}', 'profile_not_json', /line 3, column 1/],
    ['a comment', '{}\n// no', 'profile_not_json', /line 2/],
    ['a word', '{"trigger": tru}', 'profile_not_json', /line 1/],
    ['a list', '[]', 'profile_wrong_value', /whole document/],
    ['a number', '5', 'profile_wrong_value', /whole document/],
    ['null', 'null', 'profile_wrong_value', /whole document/],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'profile_not_utf8', /UTF-8/],
    ['Latin-1', Buffer.from('{"description": "\xe4"}', 'latin1'), 'profile_not_utf8', /UTF-8/],
    [
      'a key twice',
      '{"trigger": {"event": "a",\n"event": "b"}}',
      'profile_key_twice',
      /\/trigger\/event .*line 2/,
    ],
    [
      'a key twice, once escaped',
      '{"trigger": {"event": "a", "\\u0065vent": "b"}}',
      'profile_key_twice',
      /\/trigger\/event/,
    ],
    ['ten megabytes', `{"description": "${'x'.repeat(10 * 1024 * 1024)}"}`, 'profile_too_large', /limit/],
    ['half a million brackets', '['.repeat(500_000), 'profile_too_large', /nested/],
    ['half a million objects', '{"a":'.repeat(200_000), 'profile_too_large', /nested/],
    ['zeros', Buffer.alloc(1000), 'profile_not_json', /line 1/],
  ])('%s', async (_name, content, code, message) => {
    const { issues } = await load({ 'profile.json': content });
    expect(issues.map((issue) => issue.code)).toEqual([code]);
    expect(issues[0]?.message).toMatch(message);
  });

  test('a byte order mark in front is no error, nor is one mebibyte', async () => {
    expect(codes(await load({ 'profile.json': `\ufeff${JSON.stringify(BASE)}` }))).toEqual([]);
    const filled = JSON.stringify({ ...BASE, description: '' });
    const description = 'x'.repeat(1024 * 1024 - filled.length);
    expect(codes(await load({ 'profile.json': { ...BASE, description } }))).toEqual([]);
    expect(codes(await load({ 'profile.json': { ...BASE, description: `${description}x` } }))).toEqual([
      'profile_too_large',
    ]);
  });

  test('keys that reach for prototypes are data or unknown, and change nothing', async () => {
    const { issues, profiles } = await load({
      'profile.json': '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
      'a/profile.json': `{"trigger": {"event": "push"}, "execution": {"handler": {"type": "shell", "command": ["a"]}, "runtime": {"image": "a", "env": {"__proto__": "x", "constructor": "y"}}}}`,
    });
    expect(issues.map(({ code, path }) => [code, path])).toEqual([
      ['profile_unknown_key', '/__proto__'],
      ['profile_unknown_key', '/constructor'],
    ]);
    expect(profiles).toEqual([]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const merged = await load({
      'profile.json': BASE,
      'a/profile.json': '{"execution": {"runtime": {"env": {"__proto__": "x", "constructor": "y"}}}}',
    });
    expect(Object.entries(merged.profiles[1]?.execution.runtime.env ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  test('a profile.json that is a folder is reported, a FIFO is too and nothing waits on it', async () => {
    const dir = profilesDirectory({ 'ok/profile.json': BASE });
    mkdirSync(join(dir, 'a/profile.json'), { recursive: true });
    mkdirSync(join(dir, 'b'));
    execFileSync('mkfifo', [join(dir, 'b/profile.json'), join(dir, 'ok/prompt.md')]);
    writeFiles(dir, { 'ok/p/profile.json': { execution: { handler: { promptRef: '../prompt.md' } } } });
    const result = await inDirectory(dir);
    expect(codes(result)).toEqual(['profile_unreadable', 'profile_unreadable', 'prompt_unreadable']);
  });

  test('what may not be read is reported', async () => {
    const dir = profilesDirectory({ 'a/profile.json': BASE, 'b/c/profile.json': BASE });
    chmodSync(join(dir, 'a/profile.json'), 0);
    chmodSync(join(dir, 'b'), 0);
    onTestFinished(() => chmodSync(join(dir, 'b'), 0o700));
    // Root reads everything.
    const expected = process.getuid?.() === 0 ? [] : ['profile_unreadable', 'profile_unreadable'];
    expect(codes(await inDirectory(dir))).toEqual(expected);
  });

  test('folders with strange names are profiles with strange names', async () => {
    const names = ['ü nicode \u202e', 'line\nbreak', '{{x}}', '-rf', '__proto__', 'a~1b', "'; drop"];
    const { profiles, issues } = await load(
      Object.fromEntries(names.map((name) => [`${name}/profile.json`, BASE])),
    );
    expect(issues).toEqual([]);
    expect(profiles.map(({ path }) => path)).toEqual(names.toSorted());
  });

  test('hidden folders and other files are left alone', async () => {
    const { profiles, issues } = await load({
      'a/profile.json': BASE,
      '.git/profile.json': '{',
      'a/.old/profile.json': '{',
      'a/other.json': '{',
      'a/Profile.json': '{',
    });
    expect([profiles.length, issues]).toEqual([1, []]);
  });
});

describe('symbolic links', () => {
  const outside = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'gf-outside-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    writeFileSync(join(dir, 'profile.json'), JSON.stringify(BASE));
    writeFileSync(join(dir, 'secret'), 'secret');
    return dir;
  };

  test.each<[string, (dir: string) => [target: string, link: string]]>([
    ['to the folder above', () => ['..', 'a/up']],
    ['to itself', () => ['self', 'a/self']],
    ['to the root of the file system', () => ['/', 'a/all']],
    ['to a folder beside', () => ['b', 'a2']],
    ['to a folder elsewhere', () => [outside(), 'a/out']],
  ])('a folder that is a link %s is an error, and nothing is walked twice', async (_name, make) => {
    const dir = profilesDirectory({ 'a/profile.json': BASE, 'b/profile.json': BASE });
    const [target, link] = make(dir);
    symlinkSync(target, join(dir, link));
    const result = await inDirectory(dir);
    expect(result.issues.map(({ code, file }) => [code, file])).toEqual([
      ['profile_folder_link', join(dir, link)],
    ]);
    expect(result.profiles).toHaveLength(2);
  });

  test('two links that point at each other are both told', async () => {
    const dir = profilesDirectory({ 'a/profile.json': BASE });
    symlinkSync('two', join(dir, 'one'));
    symlinkSync('one', join(dir, 'two'));
    symlinkSync('profile.json', join(dir, 'profile.json'));
    const result = await inDirectory(dir);
    expect(codes(result)).toEqual(['profile_folder_link', 'profile_folder_link', 'profile_folder_link']);
  });

  test('a profile.json may be a link inside, not outside; a link to nowhere is reported only where a profile should be', async () => {
    const dir = profilesDirectory({ 'a/profile.json': BASE, 'b/x': '', 'c/x': '', 'd/x': '' });
    symlinkSync('../a/profile.json', join(dir, 'b/profile.json'));
    symlinkSync('user@host.1234', join(dir, 'a/.#profile.json'));
    expect(codes(await inDirectory(dir))).toEqual([]);
    symlinkSync(join(outside(), 'profile.json'), join(dir, 'c/profile.json'));
    symlinkSync('nowhere', join(dir, 'd/profile.json'));
    expect(codes(await inDirectory(dir)).toSorted()).toEqual(['profile_outside', 'profile_unreadable']);
  });

  test('a prompt may be a link inside, not outside, not through a folder, not in a circle', async () => {
    const far = outside();
    const prompt = (promptRef: string) => ({ execution: { handler: { promptRef } } });
    const dir = profilesDirectory({
      'profile.json': BASE,
      'texts/real.md': 'text',
      'a/profile.json': prompt('inside.md'),
      'b/profile.json': prompt('outside.md'),
      'c/profile.json': prompt('../far/secret'),
      'd/profile.json': prompt('circle.md'),
      'e/profile.json': prompt('../texts/real.md/more'),
      'f/profile.json': prompt('../texts/../../texts/real.md'),
    });
    symlinkSync('../texts/real.md', join(dir, 'a/inside.md'));
    symlinkSync(join(far, 'secret'), join(dir, 'b/outside.md'));
    symlinkSync(far, join(dir, 'far'));
    symlinkSync('circle.md', join(dir, 'd/circle.md'));
    const result = await inDirectory(dir);
    const told = result.issues
      .filter(({ path }) => path !== undefined)
      .map(({ code, file }) => [code, file?.split('/').at(-2)]);
    expect(told).toEqual([
      ['prompt_outside', 'b'],
      ['prompt_outside', 'c'],
      ['prompt_unreadable', 'd'],
      ['prompt_missing', 'e'],
      ['prompt_outside', 'f'],
    ]);
    expect(result.profiles.map(({ path }) => path)).toEqual(['.', 'a']);
  });

  test('the profiles directory itself may be reached by a link', async () => {
    const dir = profilesDirectory({
      'a/profile.json': {
        ...BASE,
        execution: { ...AGENT, handler: { ...AGENT.handler, promptRef: 'p.md' } },
      },
      'a/p.md': 'x',
    });
    const link = join(outside(), 'link');
    symlinkSync(dir, link);
    expect(codes(await inDirectory(link))).toEqual([]);
  });
});

describe('the profiles directory', () => {
  test('the profiles directory that is missing, a file, or without any profile is reported with its hint', async () => {
    const dir = profilesDirectory({ 'readme.md': 'x', '.hidden/profile.json': BASE });
    expect(codes(await inDirectory(join(dir, 'nowhere')))).toEqual(['profiles_missing']);
    expect(codes(await inDirectory(join(dir, 'readme.md')))).toEqual(['profiles_missing']);
    const [issue] = (await inDirectory(dir)).issues;
    expect(issue).toMatchObject({
      code: 'profiles_empty',
      file: dir,
      hint: expect.stringContaining('profiles/example'),
    });
  });
});

describe('prompt templates', () => {
  test('prompt templates are checked with the names of each profile that uses them, and the problem is reported of the prompt', async () => {
    const asked: (readonly string[])[] = [];
    const checkPrompt = (template: string, names: readonly string[]) => {
      asked.push(names);
      return template.includes('B') && !names.includes('B')
        ? [{ code: 'prompt_name_unknown', message: 'B is not known.', hint: 'Name it.' }]
        : [];
    };
    const variables = (promptVariables: object) => ({ execution: { handler: { promptVariables } } });
    const dir = profilesDirectory({
      'profile.json': {
        execution: {
          ...AGENT,
          handler: { ...AGENT.handler, promptRef: 'p.md', promptVariables: { A: 'event.a' } },
        },
      },
      'p.md': '{{A}} {{B}}',
      'a/profile.json': { trigger: { event: 'push' } },
      'b/profile.json': {
        trigger: { event: 'push' },
        ...variables({ optional: { B: { path: 'event.b' } } }),
      },
    });
    const result = await loadProfiles({ dir, checks: { ...checks, checkPrompt } });
    expect(asked).toEqual([['A'], ['A', 'B']]);
    expect(result.issues).toEqual([
      { code: 'prompt_name_unknown', message: 'B is not known.', hint: 'Name it.', file: join(dir, 'p.md') },
    ]);
    expect(result.profiles.map(({ path }) => path)).toEqual(['b']);
  });

  test('prompt templates of any size and encoding are reported, not swallowed', async () => {
    const agent = (promptRef: string) => ({
      ...BASE,
      execution: { ...AGENT, handler: { ...AGENT.handler, promptRef } },
    });
    const { issues } = await load({
      'a/profile.json': agent('p.md'),
      'a/p.md': 'x'.repeat(1024 * 1024 + 1),
      'b/profile.json': agent('p.md'),
      'b/p.md': Buffer.from([0xff, 0xfe, 0x41]),
    });
    expect(issues.map(({ code }) => code)).toEqual(['prompt_unreadable', 'prompt_unreadable']);
  });
});
