import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadProfiles } from '../../src/profiles/read/load.ts';
import { checkTemplate } from '../../src/prompts/render.ts';
import { AGENT, checks, codes, load, profilesDirectory } from '../support/profiles/profile-files.ts';
import { size } from '../support/suite/size.ts';

const ROOT = realpathSync(resolve(import.meta.dirname, '../..'));
const BASE = { trigger: { event: 'push' }, execution: AGENT };

describe('the shipped profiles', () => {
  test('load without an error, and wait for a repository that nobody owns', async () => {
    const real = { ...checks, checkPrompt: checkTemplate };
    const result = await loadProfiles({ dir: join(ROOT, 'profiles'), checks: real });
    expect(result.issues).toEqual([]);
    expect(result.profiles.map(({ path, trigger }) => [path, trigger.repository])).toEqual([
      ['agents/fix', 'owner/repository'],
      ['agents/fix-checks', 'owner/repository'],
      ['agents/review', 'owner/repository'],
      ['agents/triage', 'owner/repository'],
      ['example', 'owner/repository'],
    ]);
  });

  test.each([
    ['documented', 'test/support/profiles/documented', 0],
    ['shipped', 'profiles/example', 1],
  ])('docs/profiles.md prints the %s profile letter for letter', (_which, folder, place) => {
    const page = readFileSync(join(ROOT, 'docs/profiles.md'), 'utf8');
    const printed = [...page.matchAll(/```json\n([\s\S]*?)```/g)][place]?.[1];
    expect(printed).toBe(readFileSync(join(ROOT, folder, 'profile.json'), 'utf8'));
  });

  test('the shipped example grants what the documented profile mounts, by `credentials`', async () => {
    const { profiles } = await loadProfiles({ dir: join(ROOT, 'profiles'), checks });
    const example = profiles.find(({ path }) => path === 'example');
    const permissions = { contents: 'write', issues: 'write', pull_requests: 'write' };
    expect(example?.credentials).toMatchObject({ codex: true, github: { permissions } });
    expect(example?.execution.runtime.dockerArgs.mounts).toEqual([]);
  });

  test('the documented profile means what its page says', async () => {
    const dir = join(ROOT, 'test/support/profiles/documented');
    const { profiles } = await loadProfiles({ dir, checks });
    const [profile] = profiles;
    expect(profile?.trigger).toEqual({
      repository: 'owner/repository',
      event: 'issue_comment',
      action: 'created',
    });
    expect(profile?.allow).toEqual({ permission: 'write', actors: [], bots: [] });
    expect(profile?.checkout).toEqual({
      from: 'auto',
      ref: undefined,
      depth: undefined,
      agentConfig: 'base',
    });
    expect(profile?.report).toEqual({ reaction: true, comment: 'on-failure' });
    const { handler, runtime } = profile?.execution ?? {};
    expect(handler?.prompt?.path).toBe(join(dir, 'prompt.md'));
    expect(handler?.promptVariables).toContainEqual({
      name: 'ISSUE_BODY',
      path: 'event.issue.body',
      required: true,
      default: '',
    });
    expect(runtime?.env).toEqual({ LOG_LEVEL: 'info', GH_TOKEN_FILE: '/run/secrets/gh-token' });
    expect(runtime?.timeoutSec).toBe(1800);
    expect(runtime?.dockerArgs.mounts.map(({ target }) => target)).toEqual([
      '/home/user/.codex',
      '/run/secrets/gh-token',
    ]);
  });
});

describe('merging', () => {
  test('objects merge deeply down the path, scalars and lists are replaced', async () => {
    const { profiles, issues } = await load({
      'profile.json': {
        trigger: { event: 'issue_comment', action: ['created', 'edited'] },
        execution: {
          handler: { type: 'shell', command: ['a', 'b'] },
          runtime: { image: 'one', timeoutSec: 1, env: { A: '1', B: '1' } },
        },
      },
      'x/profile.json': {
        trigger: { action: ['opened'] },
        execution: { runtime: { env: { B: '2' }, cpus: 2 } },
      },
      'x/y/z/profile.json': { execution: { handler: { command: ['c'] }, runtime: { image: 'two' } } },
    });
    expect(issues).toEqual([]);
    expect(profiles.map(({ path }) => path)).toEqual(['.', 'x', 'x/y/z']);
    const { trigger, execution } = profiles[2] ?? {};
    expect(trigger).toEqual({ event: 'issue_comment', action: ['opened'] });
    expect(execution?.handler.command).toEqual(['c']);
    expect(execution?.runtime).toMatchObject({
      image: 'two',
      timeoutSec: 1,
      cpus: 2,
      env: { A: '1', B: '2' },
    });
  });

  test('what is not complete is a default for those below, told with what it lacks', async () => {
    const { profiles, defaults, candidates, issues } = await load({
      'profile.json': { execution: AGENT },
      'a/profile.json': { trigger: { event: 'push' } },
      'b/profile.json': { trigger: { action: 'created' } },
      'c/deep/er/profile.json': {},
    });
    expect(issues).toEqual([]);
    expect(profiles.map(({ path }) => path)).toEqual(['a']);
    expect(candidates).toHaveLength(1);
    expect(defaults).toEqual([
      { path: '.', missing: ['trigger.event'] },
      { path: 'b', missing: ['trigger.event'] },
      { path: 'c/deep/er', missing: ['trigger.event'] },
    ]);
    const { defaults: bare } = await load({ 'profile.json': { trigger: { event: 'push' } } });
    expect(bare[0]?.missing).toEqual([
      'execution.handler.type',
      'execution.handler.command',
      'execution.runtime.image',
    ]);
  });

  test('a sibling with a name that only begins the same gives nothing', async () => {
    const { defaults } = await load({
      'ab/profile.json': BASE,
      'a/profile.json': {},
      'abc/profile.json': {},
    });
    expect(defaults.map(({ path }) => path)).toEqual(['a', 'abc']);
  });

  test('promptRef is relative to the folder that sets it, wherever it is inherited', async () => {
    const { profiles, issues } = await load({
      'profile.json': {
        execution: {
          handler: { ...AGENT.handler, type: 'agent', promptRef: 'texts/p.md' },
          runtime: AGENT.runtime,
        },
      },
      'texts/p.md': 'shared',
      'a/profile.json': { trigger: { event: 'push' } },
      'a/b/profile.json': { execution: { handler: { promptRef: '../own.md' } } },
      'a/own.md': 'own',
    });
    expect(issues).toEqual([]);
    expect(
      profiles.map(({ execution }) => execution.handler.prompt?.path.split('/').slice(-2).join('/')),
    ).toEqual(['texts/p.md', 'a/own.md']);
  });

  test('the nearest fragment decides which form of checkout and of a variable holds', async () => {
    const { profiles, issues } = await load({
      'profile.json': {
        ...BASE,
        checkout: { from: 'pull-request-merge', depth: 5 },
        execution: {
          ...AGENT,
          handler: { ...AGENT.handler, promptVariables: { A: 'event.a', B: 'event.b' } },
        },
      },
      'a/profile.json': {
        checkout: { ref: 'release' },
        execution: {
          handler: { promptVariables: { optional: { A: { path: 'event.other', default: 'x' } } } },
        },
      },
      'a/b/profile.json': {
        checkout: 'default-branch',
        execution: { handler: { promptVariables: { A: 'run.id' } } },
      },
      'c/profile.json': { checkout: { depth: 1, agentConfig: 'head' } },
    });
    expect(issues).toEqual([]);
    expect(profiles.map(({ checkout }) => checkout)).toEqual([
      { from: 'pull-request-merge', ref: undefined, depth: 5, agentConfig: 'base' },
      { from: 'ref', ref: 'release', depth: 5, agentConfig: 'base' },
      { from: 'default-branch', ref: undefined, depth: 5, agentConfig: 'base' },
      { from: 'pull-request-merge', ref: undefined, depth: 1, agentConfig: 'head' },
    ]);
    expect(profiles.slice(1, 3).map(({ execution }) => execution.handler.promptVariables[0])).toEqual([
      { name: 'A', path: 'event.other', required: false, default: 'x' },
      { name: 'A', path: 'run.id', required: true, default: '' },
    ]);
  });

  test('a description belongs to its own folder', async () => {
    const { profiles } = await load({
      'profile.json': { ...BASE, description: 'all' },
      'a/profile.json': {},
    });
    expect(profiles.map(({ description }) => description)).toEqual(['all', undefined]);
  });
});

describe('expansion', () => {
  test('lists become every combination, and an empty list none', async () => {
    const { candidates } = await load({
      'a/profile.json': { ...BASE, trigger: { event: ['push', 'create', 'push'], action: ['x', 'y'] } },
      'b/profile.json': { ...BASE, trigger: { event: 'push', action: [] } },
    });
    expect(candidates.map(({ conditions }) => conditions)).toEqual([
      { event: 'push', action: 'x' },
      { event: 'push', action: 'y' },
      { event: 'create', action: 'x' },
      { event: 'create', action: 'y' },
    ]);
  });

  test('ten thousand candidates are fine, one more is an error that counts them', async () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
    const fine = await load({
      'profile.json': { ...BASE, trigger: { event: 'push', issueNumber: numbers(5000), branch: ['a', 'b'] } },
    });
    expect([fine.candidates.length, codes(fine)]).toEqual([10_000, []]);
    const over = await load({
      'profile.json': { ...BASE, trigger: { event: 'push', issueNumber: numbers(10_001) } },
    });
    expect(over.issues).toEqual([
      expect.objectContaining({
        code: 'profile_too_many_candidates',
        path: '/trigger',
        message: expect.stringContaining('10001'),
      }),
    ]);
    expect(over.candidates).toEqual([]);
  });

  test('every attribute takes any scalar', async () => {
    const trigger = {
      event: 1,
      action: true,
      repository: null,
      isPullRequest: 'no',
      issueNumber: ['42', 42, null],
    };
    expect(codes(await load({ 'profile.json': { ...BASE, trigger } }))).toEqual([]);
  });
});

describe('loading thousands of profiles', () => {
  test('loading thousands of profiles takes seconds, and one that is wrong among them is found', async () => {
    const count = size(1000, 10_000);
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `group${index % 50}/p${index}/profile.json`,
        { trigger: { event: 'push', repository: `owner/r${index}` } },
      ]),
    );
    const dir = profilesDirectory({
      'profile.json': { execution: AGENT },
      ...files,
      'group7/bad/profile.json': '{',
    });
    const started = process.cpuUsage();
    const result = await loadProfiles({ dir, checks });
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(count / 200);
    expect(codes(result)).toEqual(['profile_not_json']);
    expect(result.profiles).toHaveLength(count);
  });
});
