import { expect, test } from 'vitest';
import { containerSpec } from '../../src/containers/create/spec.ts';
import { LABELS } from '../../src/containers/labels.ts';
import type { PlanMount } from '../../src/containers/plan.ts';
import { type PlanChanges, testPlan } from '../support/engine/container-run.ts';

const identity = { installation: 'inst0001', runId: 'run0000000000001', attempt: 2 };
const places = { workspace: '/w', files: '/f', secrets: '/s' };
const spec = (changes: PlanChanges = {}, cpus?: number) =>
  containerSpec(testPlan('true', places, changes), identity, cpus);

const mount = (changes: Partial<PlanMount>): PlanMount => ({
  type: 'bind',
  source: '/host/data',
  target: '/data',
  readOnly: true,
  kind: 'bind',
  asWritten: '--mount …',
  ...changes,
});

test('the hardening stands whatever the plan says', () => {
  const { HostConfig, ...container } = spec();
  expect(HostConfig).toMatchObject({
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    Privileged: false,
    Init: true,
    IpcMode: 'private',
    CgroupnsMode: 'private',
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
    PublishAllPorts: false,
    NetworkMode: 'none',
  });
  for (const key of ['CapAdd', 'PortBindings', 'Devices', 'PidMode', 'Binds', 'VolumesFrom', 'Links'])
    expect(HostConfig).not.toHaveProperty(key);
  expect(container).toMatchObject({
    Tty: false,
    OpenStdin: false,
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['NONE'] },
  });
  expect(container).not.toHaveProperty('ExposedPorts');
});

test('name and labels say whose container it is, and a profile’s labels cannot', () => {
  const { name, Labels } = spec({ labels: { team: 'a', [LABELS.run]: 'another' } });
  expect(name).toBe('gf-inst0001-run0000000000001-2');
  expect(Labels).toEqual({
    team: 'a',
    'github-flows.installation': 'inst0001',
    'github-flows.run': 'run0000000000001',
    'github-flows.attempt': '2',
  });
});

test('the command arrives as it stands, behind the start script', () => {
  const command = ['bash', '-lc', 'echo "$HOME" \'x\'\n', '', '🦀'];
  const { Entrypoint, Cmd, User, WorkingDir } = spec({ command, user: { uid: 4321, gid: 1234 } });
  expect(Entrypoint).toEqual(['/bin/sh', '/run/github-flows/bin/start']);
  expect(Cmd).toEqual(command);
  expect(User).toBe('4321:1234');
  expect(WorkingDir).toBe('/workspace');
});

test('limits become the engine’s numbers, without swap, and never more processors than there are', () => {
  const limits = { memoryBytes: 2 ** 30, cpus: 1.5, pids: 64, shmSizeBytes: 2 ** 20, graceSec: 7 };
  const ulimits = [{ name: 'nofile', soft: 100, hard: 200 }];
  const { HostConfig, StopTimeout } = spec({ limits: { ...limits, ulimits } });
  expect(HostConfig).toMatchObject({
    Memory: 2 ** 30,
    MemorySwap: 2 ** 30,
    NanoCpus: 1_500_000_000,
    PidsLimit: 64,
    ShmSize: 2 ** 20,
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: 100, Hard: 200 },
    ],
  });
  expect(StopTimeout).toBe(7);
  expect(spec({ limits: { cpus: 8 } }, 2).HostConfig?.NanoCpus).toBe(2_000_000_000);
});

test('binds go as JSON, private and non-recursive; credentials and states are no mounts of their own', () => {
  const { HostConfig } = spec({
    mounts: [
      mount({}),
      mount({ kind: 'credential', source: '/home/user/.secrets/gh-token', target: '/run/secrets/gh-token' }),
      mount({
        kind: 'agent-state',
        source: '/home/user/.secrets/codex',
        target: '/home/user/.codex',
        name: 'codex',
      }),
    ],
  });
  expect(HostConfig?.Mounts?.map(({ Source, Target, ReadOnly }) => [Source, Target, ReadOnly])).toEqual([
    ['/w', '/workspace', false],
    ['/f', '/run/github-flows', true],
    ['/s', '/run/secrets', true],
    ['/f/profile.sh', '/etc/profile.d/github-flows.sh', true],
    ['/host/data', '/data', true],
  ]);
  for (const one of HostConfig?.Mounts ?? [])
    expect(one).toMatchObject({ Type: 'bind', BindOptions: { Propagation: 'rprivate', NonRecursive: true } });
  expect(HostConfig?.Tmpfs).toEqual({
    '/home/user/.codex': expect.stringMatching(/^rw,nosuid,nodev,exec,size=\d+,mode=0700,uid=\d+,gid=\d+$/),
  });
});

test('a read-only root has its home and /tmp in sized memory, and a tmpfs of the profile goes before ours', () => {
  const tmp = mount({
    type: 'tmpfs',
    kind: 'tmpfs',
    source: null,
    target: '/tmp',
    sizeBytes: 4096,
    mode: 0o700,
  });
  const { HostConfig } = spec({ readOnlyRoot: true, env: { HOME: '/home/agent' }, mounts: [tmp] });
  expect(HostConfig?.ReadonlyRootfs).toBe(true);
  expect(HostConfig?.Tmpfs).toEqual({
    '/home/agent': expect.stringMatching(/^rw,nosuid,nodev,exec,size=\d+,mode=0755,uid=\d+,gid=\d+$/),
    '/tmp': 'rw,nosuid,nodev,noexec,size=4096,mode=0700',
  });
});

test('a tmpfs without a size is as large as the memory at most', () => {
  const cache = mount({ type: 'tmpfs', kind: 'tmpfs', source: null, target: '/cache', uid: 5, gid: 6 });
  const { HostConfig } = spec({ mounts: [cache], limits: { memoryBytes: 1_000_000 } });
  expect(HostConfig?.Tmpfs).toEqual({
    '/cache': 'rw,nosuid,nodev,noexec,size=1000000,mode=1777,uid=5,gid=6',
  });
});

test('our own variables cannot be set otherwise', () => {
  const { Env } = spec({ env: { A: 'b=c', GITHUB_FLOWS_RUN_ID: 'x', GIT_CONFIG_SYSTEM: '/dev/null' } });
  expect(Env).toEqual([
    'A=b=c',
    'GITHUB_FLOWS_RUN_ID=run0000000000001',
    'GIT_CONFIG_SYSTEM=/run/github-flows/gitconfig',
  ]);
});

test('an open network is the one bridge, and the engine’s log is bounded', () => {
  const { HostConfig } = spec({
    network: 'open',
    addHosts: ['a:10.0.0.1'],
    dns: ['10.0.0.2'],
    hostname: 'box',
  });
  expect(HostConfig).toMatchObject({
    NetworkMode: 'github-flows',
    ExtraHosts: ['a:10.0.0.1'],
    Dns: ['10.0.0.2'],
  });
  expect(HostConfig?.LogConfig).toEqual({
    Type: 'json-file',
    Config: { 'max-size': '62914560', 'max-file': '2' },
  });
  expect(spec({ hostname: 'box' }).Hostname).toBe('box');
  expect(spec()).not.toHaveProperty('Hostname');
});
