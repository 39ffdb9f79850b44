import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { grantedAgents } from '../../src/agents/agent.ts';
import { FlowError } from '../../src/base/errors.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import { containerSpec } from '../../src/containers/create/spec.ts';
import { parseAllowList } from '../../src/egress/allow-list.ts';
import { hostLists } from '../../src/egress/shipped-lists.ts';
import { runPaths } from '../../src/flow/paths.ts';
import { refuseBeyondPolicy } from '../../src/flow/prepare/enforce-policy.ts';
import { makePlan } from '../../src/flow/prepare/plan.ts';
import { checkMounts } from '../../src/mounts/rules/check.ts';
import { loadDenyList } from '../../src/mounts/rules/deny-list.ts';
import { NO_POLICY, type Policy } from '../../src/policy/policy.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { toRuntime } from '../../src/profiles/read/runtime.ts';
import { ownPlaceProblems, policyIssues } from '../../src/profiles/read/runtime-checks.ts';
import { checkFragment } from '../../src/profiles/read/validate.ts';
import { type HostileProfile, hostileProfiles, WRITTEN_TOKEN } from '../support/profiles/hostile-profiles.ts';
import { makeMountHost } from '../support/profiles/mount-host.ts';
import { brokenInvariants } from '../support/profiles/plan-invariants.ts';
import { policyOf } from '../support/profiles/policy-files.ts';
import { size } from '../support/suite/size.ts';

const { root, host, remove } = makeMountHost();
afterAll(remove);

const play = join(root, 'srv/play');
mkdirSync(join(play, 'deep'), { recursive: true });
mkdirSync(join(root, 'srv/shared'));
/** Links in the playground, most of them to where no mount may go. */
const LINKS: Record<string, string> = {
  etc: '/etc',
  up: '..',
  top: '/',
  home: join(root, 'home/user'),
  token: join(host.secretsDir, 'gh-token'),
  round: 'round',
  work: host.workspaceRoot,
  near: 'deep',
  shared: join(root, 'srv/shared'),
};
for (const [name, to] of Object.entries(LINKS)) symlinkSync(to, join(play, name));
for (const name of ['srv/data/auth.json', 'srv/play/file', 'srv/play/x.enc', 'home/user/.secrets/gh-token'])
  writeFileSync(join(root, name), WRITTEN_TOKEN);

const shared = join(root, 'srv/shared');
const SOURCES = {
  fine: [...['deep', 'file', 'near', 'missing'].map((name) => join(play, name)), shared, '/etc/hostname'],
  hostile: [
    ...[...Object.keys(LINKS), 'x.enc', 'up/data', '.env', '../play/deep', 'etc/ssl'].map((name) =>
      join(play, name),
    ),
    ...[
      '/',
      '/etc',
      '/proc/self/root',
      '/var/run/docker.sock',
      '/root',
      '/home/user',
      '/usr',
      'srv',
      '~',
      '$HOME',
    ],
    ...[host.secretsDir, join(host.secretsDir, 'gh-token'), join(host.secretsDir, 'codex'), host.varDir],
    ...[
      join(root, 'srv/data'),
      join(root, 'home/user'),
      `${play}/deep/../../../home/user`,
      `//${play}//deep/`,
    ],
  ],
};

const policies: readonly Policy[] = [
  NO_POLICY,
  policyOf({
    mounts: [
      { source: join(root, 'srv/shared'), writable: true },
      { source: '/etc/hostname', writable: false },
    ],
    volumes: [
      { name: 'cache', writable: true },
      { name: 'shared', writable: false },
    ],
    networks: ['inner'],
    runtimes: ['runsc'],
    privateHosts: ['inner.example.org:8443'],
  }),
  policyOf({ rootUser: true, images: [{ name: 'agent:*', digests: undefined }] }),
  policyOf({
    ceilings: {
      ...{ memoryBytes: 1024 ** 3, cpus: 1.5, pids: 100, timeoutSec: 600, diskBytes: 1024 ** 3 },
      network: 'list',
    },
  }),
];
const grounds = policies.map((policy) => {
  const own = { ...host, policy: () => policy };
  return { policy, host: own, denyList: loadDenyList(own) };
});
type Ground = (typeof grounds)[number];

const paths = runPaths({ ...host, installation: 'inst' }, { id: 'run1', repository: 'octo/hello' });
const uid = process.getuid?.() || 1000;
const defaults = {
  ...{ memoryBytes: 4 * 1024 ** 3, cpus: 2, pids: 512, shmSizeBytes: 64 * 1024 ** 2, timeoutSec: 1800 },
  ...{
    stallTimeoutSec: 600,
    graceSec: 10,
    logBytes: 10 * 1024 ** 2,
    diskBytes: 1024 ** 3,
    workspaceBytes: 1024 ** 3,
  },
  network: 'open' as const,
  sshHostKeys: 'pinned' as const,
  runAs: { uid, gid: process.getgid?.() || uid },
};

/** The way of a profile from its fragment to the engine, with nothing left out that decides. Throws what refuses it. */
function optionsOf({ runtime: setting, handler, codex }: HostileProfile, ground: Ground) {
  const { policy, denyList } = ground;
  const fragment = { folder: '.', file: 'profile.json', description: undefined, settings: {} };
  const execution = { handler, runtime: setting };
  const checkAllowList = (entries: readonly unknown[], hosts: readonly string[]) =>
    parseAllowList(entries, hostLists(AGENTS), hosts).problems;
  const checks = {
    mountHost: ground.host,
    denyList,
    policy,
    checkAllowList,
    checkPrompt: () => [],
    promptNames: { workspace: [], run: [] },
    compileFilter: () => ({}) as never,
  };
  const fileOf = () => 'profile.json';
  const { runtime, issues } = toRuntime(setting, setting.image, fileOf, policy);
  const found = [
    ...checkFragment({ ...fragment, settings: { execution } }, { execution }, checks),
    ...issues,
    ...ownPlaceProblems(runtime, grantedAgents({ codex }, AGENTS)),
    ...policyIssues(runtime, { policy, networkDefault: defaults.network, setting, fileOf }),
  ];
  if (found[0]) throw refusal(found[0]);
  const profile: Profile = {
    ...{ path: '.', description: undefined, trigger: {}, allow: { actors: [], bots: [] } },
    execution: { handler: { ...handler, prompt: undefined, promptVariables: [] }, runtime },
    credentials: { codex, github: undefined, secrets: [] },
    checkout: { from: 'auto', ref: undefined, depth: undefined, agentConfig: 'base' },
    retry: { attempts: 1, backoffSec: 1, on: 'before-start' },
    report: { reaction: false, comment: 'never' },
    publish: undefined,
  };
  const { mounts: mounted, problems } = checkMounts(runtime.dockerArgs.mounts, ground.host, denyList);
  if (problems[0]) throw refusal(problems[0]);
  const { secretsDir } = host;
  const plan = makePlan({
    profile,
    repository: 'octo/hello',
    runId: 'run1',
    mounted,
    paths,
    defaults,
    secretsDir,
    agents: AGENTS,
    runtimeUrl: undefined,
    policy,
  });
  refuseBeyondPolicy(plan, policy);
  return containerSpec(plan, { installation: 'inst', runId: 'run1', attempt: 1 }, 8);
}

const refusal = ({ code, message, hint }: { code: string; message: string; hint: string }) =>
  new FlowError({ code, message, hint, blame: 'profile' });

test('whatever a profile says, the container that it gets keeps every invariant of the list', {
  timeout: size(280_000, 900_000),
}, () => {
  const seen = { refused: 0, passed: 0, bound: 0 };
  fc.assert(
    fc.property(hostileProfiles(SOURCES), fc.nat(grounds.length - 1), (profile, index) => {
      const ground = grounds[index] as Ground;
      let options: ReturnType<typeof optionsOf>;
      try {
        options = optionsOf(profile, ground);
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
        seen.refused += 1;
        return;
      }
      seen.passed += 1;
      seen.bound += (options.HostConfig?.Mounts?.length ?? 0) > 4 ? 1 : 0;
      expect(brokenInvariants(options, { ...ground, own: paths, secrets: [WRITTEN_TOKEN] })).toEqual([]);
    }),
    { numRuns: size(4_000, 400_000) },
  );
  expect(seen.passed).toBeGreaterThan(size(130, 15_000));
  expect(seen.bound).toBeGreaterThan(size(13, 1500));
});
