import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/policy/policy.ts';
import { type LoadResult, loadProfiles } from '../../src/profiles/read/load.ts';
import { policyOf } from '../support/profiles/policy-files.ts';
import { checks, profilesDirectory } from '../support/profiles/profile-files.ts';

const profile = (runtime: object, handler: object = {}) => ({
  trigger: { event: 'push' },
  execution: {
    handler: { type: 'shell', command: ['true'], ...handler },
    runtime: { image: 'agent:1', ...runtime },
  },
});

async function loadUnder(
  policy: Policy | undefined,
  files: Readonly<Record<string, unknown>>,
  networkDefault: 'open' | 'none' = 'open',
): Promise<LoadResult> {
  const mountHost = { ...checks.mountHost, ...(policy ? { policy: () => policy } : {}) };
  const dir = profilesDirectory(files);
  return await loadProfiles({ dir, checks: { ...checks, mountHost, networkDefault } });
}

const told = ({ issues }: LoadResult): string[] => issues.map(({ code, path }) => `${code} ${path}`);
const R = '/execution/runtime';

describe('a profile that asks for more than the policy allows', () => {
  const policy = policyOf({
    images: [{ name: 'agent', digests: undefined }],
    volumes: [{ name: 'packages', writable: false }],
    runtimes: ['runsc'],
    ceilings: {
      memoryBytes: 2 ** 30,
      cpus: 2,
      pids: 100,
      timeoutSec: 60,
      diskBytes: 2 ** 30,
      workspaceBytes: 2 ** 30,
      network: 'none',
    },
  });
  const modest = { network: 'none' };

  test.each<[object, string[]]>([
    [{ ...modest, image: 'other:1' }, [`policy_image_refused ${R}/image`]],
    [{ ...modest, memory: '2g' }, [`policy_limit_exceeded ${R}/memory`]],
    [{ ...modest, dockerArgs: ['--memory', '2g'] }, [`policy_limit_exceeded ${R}/dockerArgs`]],
    [
      { ...modest, cpus: 3, pids: 101, timeoutSec: 61 },
      [
        `policy_limit_exceeded ${R}/cpus`,
        `policy_limit_exceeded ${R}/pids`,
        `policy_limit_exceeded ${R}/timeoutSec`,
      ],
    ],
    [
      { ...modest, diskSize: '2g', workspaceSize: '2g' },
      [`policy_limit_exceeded ${R}/diskSize`, `policy_limit_exceeded ${R}/workspaceSize`],
    ],
    [{ network: 'open' }, [`policy_network_refused ${R}/network`]],
    [{ dockerArgs: ['--network', 'bridge'] }, [`policy_network_refused ${R}/dockerArgs`]],
    [{}, [`policy_network_refused ${R}/network`]],
    [{ ...modest, ociRuntime: 'kata' }, [`policy_runtime_refused ${R}/ociRuntime`]],
    [{ ...modest, user: '0:0' }, [`docker_flag_weakens ${R}/user`]],
    [{ ...modest, dockerArgs: ['-v', 'other:/x'] }, [`docker_flag_needs_policy ${R}/dockerArgs/0`]],
    [{ ...modest, dockerArgs: ['-v', 'packages:/x'] }, [`policy_volume_refused ${R}/dockerArgs`]],
  ])(
    'a profile that asks for more than the policy allows is an error where it asks: %j',
    async (runtime, issues) => {
      const result = await loadUnder(policy, { 'a/profile.json': profile(runtime) });
      expect(told(result)).toEqual(issues);
      expect(result.profiles).toEqual([]);
    },
  );

  test.each([
    { memory: '1g', cpus: 2, pids: 100, timeoutSec: 60, diskSize: '1g', workspaceSize: '1g' },
    { ociRuntime: 'runsc' },
    { dockerArgs: ['-v', 'packages:/x:ro'] },
  ])('a profile that stays within the policy has no error: %j', async (runtime) => {
    const result = await loadUnder(policy, { 'a/profile.json': profile({ ...modest, ...runtime }) });
    expect(told(result)).toEqual([]);
  });

  test('a profile that asks for more than the policy allows is reported in the fragment that asks, once for all the profiles below it', async () => {
    const result = await loadUnder(policy, {
      'profile.json': { execution: { runtime: { memory: '9g', network: 'none' } } },
      'a/profile.json': profile({}),
      'b/profile.json': profile({}),
      'c/profile.json': profile({ memory: '512m' }),
    });
    expect(told(result)).toEqual([`policy_limit_exceeded ${R}/memory`]);
    expect(result.issues[0]?.file).toMatch(/profiles?[^/]*\/profile\.json$/);
    expect(result.profiles.map(({ path }) => path)).toEqual(['c']);
  });

  test('a profile without a network has that of the configuration', async () => {
    expect(told(await loadUnder(policy, { 'a/profile.json': profile({}) }, 'none'))).toEqual([]);
  });
});

describe('without a policy', () => {
  test.each<[object, string]>([
    [{ ociRuntime: 'runsc' }, `policy_runtime_refused ${R}/ociRuntime`],
    [{ user: '0:0' }, `docker_flag_weakens ${R}/user`],
    [{ dockerArgs: ['--network', 'x'] }, `docker_flag_needs_policy ${R}/dockerArgs/0`],
    [{ dockerArgs: ['-v', 'x:/x'] }, `docker_flag_needs_policy ${R}/dockerArgs/0`],
  ])('what needs one is refused: %j', async (runtime, issue) => {
    expect(told(await loadUnder(undefined, { 'a/profile.json': profile(runtime) }))).toEqual([issue]);
  });

  test('any image and any limit goes', async () => {
    const runtime = { image: 'whatever:1', memory: '64g', cpus: 64, network: 'open', diskSize: '1t' };
    expect(told(await loadUnder(undefined, { 'a/profile.json': profile(runtime) }))).toEqual([]);
  });
});

describe('sizes', () => {
  test.each(['1', 0, -1, '10 bananas', '0g', 1.5, '1023k'])('diskSize %j is an error', async (diskSize) => {
    const result = await loadUnder(undefined, { 'a/profile.json': profile({ diskSize }) });
    expect(told(result)).toEqual([`profile_wrong_value ${R}/diskSize`]);
  });

  test('sizes are read as docker writes them', async () => {
    const { profiles } = await loadUnder(undefined, {
      'a/profile.json': profile({ diskSize: '1.5g', workspaceSize: 1048576 }),
    });
    expect(profiles[0]?.execution.runtime).toMatchObject({
      diskBytes: 1.5 * 1024 ** 3,
      workspaceBytes: 1048576,
    });
  });
});

describe('a secret in a profile', () => {
  const secret = ['ghp', '_', 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2'].join('');

  test.each<[object, object, string]>([
    [{ env: { TOKEN: secret } }, {}, `${R}/env/TOKEN`],
    [{ env: { [secret]: '1' } }, {}, `${R}/env`],
    [{ setupScript: `set -e\ngit clone https://x:${secret}@github.com/o/r` }, {}, `${R}/setupScript`],
    [{ dockerArgs: ['-e', `TOKEN=${secret}`] }, {}, `${R}/dockerArgs/0`],
    [
      {},
      { command: ['sh', '-c', `curl -H "Authorization: token ${secret}"`] },
      '/execution/handler/command/2',
    ],
    [{}, { args: [`--token=${secret}`] }, '/execution/handler/args/0'],
  ])(
    'a secret in a profile is an error with its place, and never repeated: %#',
    async (runtime, handler, path) => {
      const result = await loadUnder(undefined, { 'a/profile.json': profile(runtime, handler) });
      expect(result.issues.map(({ code }) => code)).toContain('secret_in_profile');
      expect(result.issues.find(({ code }) => code === 'secret_in_profile')?.path).toBe(path);
      expect(JSON.stringify(result.issues)).not.toContain(secret);
    },
  );

  test('a secret in a profile is not repeated by any other error either', async () => {
    const result = await loadUnder(undefined, {
      'a/profile.json': profile({ memory: secret, network: secret }, { args: [[secret]], type: secret }),
    });
    expect(result.issues.length).toBeGreaterThan(1);
    expect(JSON.stringify(result.issues)).not.toContain(secret);
  });
});
