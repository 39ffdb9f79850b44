import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomId } from '../../src/base/ids.ts';
import { createEngine } from '../../src/containers/engine/docker.ts';
import { baseImage } from '../support/engine/images.ts';
import { ownUid, policyFile, writePolicy } from '../support/profiles/policy-files.ts';
import { runCommand } from '../support/service/cli.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';

const dockerHost = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
const docker = new Docker({ socketPath: dockerHost.replace('unix://', '') });
const engine = createEngine({ dockerHost, clock: systemClock });

let service: TestService | undefined;
let data: string;
beforeEach(() => {
  const { dir } = policyFile({});
  data = join(dir, 'data');
  mkdirSync(data);
  chmodSync(dir, 0o755);
  if (ownUid === 0) chownSync(data, 1000, 1000);
});
afterEach(async () => {
  await service?.close();
  service = undefined;
});

/** Starts a service under a policy with one profile; gives the policy's file. */
async function start(policy: object, command: string, runtime: object, env: Record<string, string> = {}) {
  const { file } = policyFile(policy);
  service = await startService({
    profiles: { 'hello/profile.json': shellProfile(command, { runtime: { ...runtime } }) },
    env: { POLICY_FILE: file, ...env },
  });
  return { file, service };
}

async function makeVolume(options: Record<string, string> = {}): Promise<string> {
  const name = `gf-test-${randomId(8)}`;
  await docker.createVolume({ Name: name, DriverOpts: options });
  onTestFinished(async () => await docker.getVolume(name).remove());
  return name;
}

async function makeNetwork(): Promise<string> {
  const name = `gf-test-${randomId(8)}`;
  const network = await docker.createNetwork({ Name: name, Driver: 'bridge', Internal: true });
  onTestFinished(async () => await network.remove());
  return name;
}

describe('under a policy a run', () => {
  test('has everything that it lists: image, volume, network, runtime, a writable mount, and no more than the ceilings', async () => {
    const [volume, network] = [await makeVolume(), await makeNetwork()];
    const { id } = await engine.inspectImage(baseImage());
    const policy = {
      images: [{ name: baseImage(), digests: [id] }],
      volumes: [{ name: volume }],
      networks: [network],
      runtimes: ['runc'],
      mounts: [{ source: data, writable: true }],
      ceilings: { memory: '128m', network: 'none' },
    };
    const command = [
      "grep -c ' /packages .*ro,' /proc/mounts",
      'ls /sys/class/net | grep -c eth0',
      'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null',
      'echo written > /data/file',
    ].join('; ');
    const dockerArgs = [
      ...['-v', `${volume}:/packages:ro`, '--network', network],
      ...['--mount', `type=bind,src=${data},dst=/data`],
    ];
    const started = await start(policy, command, { dockerArgs, network: undefined, ociRuntime: 'runc' });
    const run = await started.service.run();
    expect([run.outcome, run.reason]).toEqual(['succeeded', null]);
    expect(started.service.output(run.id)).toBe(`1\n1\n${128 * 1024 ** 2}\n`);
    expect(readFileSync(join(data, 'file'), 'utf8')).toBe('written\n');
  });

  test('is root in its container when it may be, without any capability, if the service can give files to root', async () => {
    const command = 'id -u; grep CapEff /proc/self/status';
    const started = await start({ rootUser: true }, command, { user: '0:0' });
    const run = await started.service.run();
    if (ownUid === 0) expect(started.service.output(run.id)).toMatch(/^0\nCapEff:\s+0{16}\n$/);
    else expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'run_user_not_possible' } });
  });

  test('is another user than RUN_AS when it lists that one, in its container and on its files', async () => {
    const command = 'id -u; id -g; stat -c %u:%g /workspace repo/README.md';
    const started = await start({ users: ['4321:4322'] }, command, { user: '4321:4322' });
    const run = await started.service.run();
    if (ownUid === 0) expect(started.service.output(run.id)).toBe('4321\n4322\n4321:4322\n4321:4322\n');
    else expect(run).toMatchObject({ outcome: 'refused', reason: { code: 'run_user_not_possible' } });
  });

  test('is refused as that user once the policy lists it no longer', async () => {
    const started = await start({ users: ['4321:4322'] }, 'id -u', { user: '4321:4322' });
    writePolicy(started.file, {});
    await until(
      'the policy is in force',
      () => started.service.log.some(({ msg }) => msg === 'changed policy is in force') || undefined,
    );
    const run = await started.service.run();
    expect(run).toMatchObject({ outcome: 'refused', startedAt: null });
    expect(run.reason).toMatchObject({ code: 'policy_user_refused' });
    expect(await started.service.containers()).toEqual([]);
  });
});

describe('nothing is started when', () => {
  const refused: [string, () => Promise<[policy: object, runtime: object]>, string][] = [
    [
      'a volume shows a directory of the host',
      async () => {
        const name = await makeVolume({ type: 'none', o: 'bind', device: '/etc' });
        return [{ volumes: [{ name }] }, { dockerArgs: ['-v', `${name}:/x:ro`] }];
      },
      'volume_not_plain',
    ],
    [
      'a volume is not there, which none is made for',
      async () => [{ volumes: [{ name: 'gf-test-gone' }] }, { dockerArgs: ['-v', 'gf-test-gone:/x:ro'] }],
      'volume_missing',
    ],
    [
      'a network is not there',
      async () => [
        { networks: ['gf-test-gone'] },
        { network: undefined, dockerArgs: ['--network', 'gf-test-gone'] },
      ],
      'network_missing',
    ],
    [
      'a runtime is not there',
      async () => [{ runtimes: ['gf-test-gone'] }, { ociRuntime: 'gf-test-gone' }],
      'runtime_missing',
    ],
    [
      'the image has another digest',
      async () => [{ images: [{ name: baseImage(), digests: [`sha256:${'0'.repeat(64)}`] }] }, {}],
      'policy_image_refused',
    ],
    [
      'the image is named by its id',
      async () => {
        const { id } = await engine.inspectImage(baseImage());
        return [{ images: ['*'] }, { image: id.replace('sha256:', '').slice(0, 12) }];
      },
      'policy_image_refused',
    ],
  ];

  test.each(refused)('%s', async (_what, make, code) => {
    const [policy, runtime] = await make();
    const started = await start(policy, 'true', runtime);
    const run = await started.service.run();
    expect(run).toMatchObject({ outcome: 'refused', startedAt: null, reason: { code } });
    expect(await started.service.containers()).toEqual([]);
    await expect(docker.getVolume('gf-test-gone').inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('the policy was narrowed while the run waited, and the profiles are held against it at once', async () => {
    const wide = { mounts: [{ source: data, writable: true }], ceilings: { cpus: 2 } };
    const bind = ['--mount', `type=bind,src=${data},dst=/data`];
    const command = 'until [ -e /data/go ]; do sleep 0.1; done';
    const started = await start(wide, command, { dockerArgs: bind, cpus: 2 }, { MAX_CONCURRENT_RUNS: '1' });
    const [first, second] = [await started.service.comment(), await started.service.comment()];
    await until(
      'the first run works',
      async () =>
        (await started.service.app.runs.find(first.decision?.runId ?? ''))?.state === 'running' || undefined,
    );
    writePolicy(started.file, { ceilings: { cpus: 1 } });
    const said = (text: string) => started.service.log.some((line) => line.msg === text) || undefined;
    await until('the policy is in force', () => said('changed policy is in force'));
    await until('the profile is refused', () =>
      said('changed profiles have errors, the last good ones stay in use'),
    );
    writeFileSync(join(data, 'go'), '');
    expect(await started.service.ended(first.decision?.runId ?? '')).toMatchObject({ outcome: 'succeeded' });
    expect(await started.service.ended(second.decision?.runId ?? '')).toMatchObject({
      outcome: 'refused',
      startedAt: null,
    });
    expect(await started.service.containers()).toEqual([]);
  });
});

describe('an invalid policy', () => {
  test('keeps the service from starting, with all that is wrong', async () => {
    const wrong = start({ rootuser: true, mounts: [{ source: '/root/.ssh' }] }, 'true', {});
    await expect(wrong).rejects.toMatchObject({
      code: 'policy_invalid',
      issues: [{ code: 'policy_unknown_key' }],
    });
    const never = start({ mounts: [{ source: '/root/.ssh' }, { source: '/srv/project/.env' }] }, 'true', {});
    await expect(never).rejects.toMatchObject({
      issues: [
        { code: 'policy_mount_refused', path: '/mounts/0/source' },
        { code: 'policy_mount_refused', path: '/mounts/1/source' },
      ],
    });
  });

  test('is told by doctor and by every command that reads profiles', async () => {
    const { dir, file } = policyFile({ ceilings: { memory: 'much' } });
    const settings = {
      POLICY_FILE: file,
      PROFILES_DIR: join(dir, 'profiles'),
      SECRETS_DIR: dir,
      DOCKER_HOST: dockerHost,
    };
    const doctor = await runCommand(dir, settings, 'doctor', '--json');
    const checks = JSON.parse(doctor.out).checks as { name: string; problems: { code: string }[] }[];
    expect(checks.find(({ name }) => name === 'policy')?.problems).toMatchObject([
      { code: 'policy_wrong_value' },
    ]);
    const validate = await runCommand(dir, settings, 'profiles', 'validate', '--json');
    expect(validate.code).toBe(1);
    expect(JSON.parse(validate.out)).toMatchObject({ error: { code: 'policy_invalid' } });
  });

  test('is none when doctor finds all that it lists', async () => {
    const name = await makeVolume();
    const { dir, file } = policyFile({
      volumes: [{ name }],
      runtimes: ['runc', 'gf-test-gone'],
      ceilings: { memory: '1g', timeoutSec: 60 },
    });
    const settings = {
      POLICY_FILE: file,
      PROFILES_DIR: join(dir, 'profiles'),
      SECRETS_DIR: dir,
      DOCKER_HOST: dockerHost,
    };
    const doctor = await runCommand(dir, settings, 'doctor', '--json');
    const checks = JSON.parse(doctor.out).checks as { name: string; detail: string; problems: object[] }[];
    const policy = checks.find((check) => check.name === 'policy');
    expect(policy?.detail).toBe(
      `${file}: any image; 1 volume; runtimes runc, gf-test-gone; at most memory 1 GiB, timeout 60 s`,
    );
    expect(policy?.problems).toMatchObject([{ code: 'runtime_missing' }]);
  });
});
