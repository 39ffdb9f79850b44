import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';
import type { MountHost } from '../../src/mounts/mount.ts';
import { checkMounts, checkPlanMounts, resolveMounts } from '../../src/mounts/rules/check.ts';
import { checkPolicyMounts } from '../../src/mounts/rules/policy-mounts.ts';
import type { PolicyMount } from '../../src/policy/policy.ts';
import { bindOf, makeMountHost } from '../support/profiles/mount-host.ts';
import { policyOf } from '../support/profiles/policy-files.ts';

let root: string;
let host: MountHost;
let remove: () => void;
beforeEach(() => {
  ({ root, host, remove } = makeMountHost());
});
afterEach(() => remove());

const at = (...names: string[]): string => join(root, ...names);
const under = (...mounts: PolicyMount[]): MountHost => ({ ...host, policy: () => policyOf({ mounts }) });
const readable = (source: string): PolicyMount => ({ source, writable: false });
const writable = (source: string): PolicyMount => ({ source, writable: true });
const codes = (on: MountHost, ...bind: Parameters<typeof bindOf>): string[] =>
  checkMounts(bindOf(...bind), on).problems.map(({ code }) => code);
const refused = (...mounts: PolicyMount[]): string[] =>
  checkPolicyMounts(mounts, host).map(({ index, code }) => `${index} ${code}`);

describe('a mount that the policy lists', () => {
  test('a mount that the policy lists may be in a place that is denied otherwise, and so may what lies in it', () => {
    expect(codes(host, '/etc/ssl/certs', '/certs')).toEqual(['mount_denied']);
    const on = under(readable('/etc/ssl'));
    expect(codes(on, '/etc/ssl', '/certs')).toEqual([]);
    expect(codes(on, '/etc/ssl/certs', '/certs')).toEqual([]);
    expect(codes(on, '/etc', '/certs')).toEqual(['mount_denied']);
    expect(codes(on, '/etc/passwd', '/passwd')).toEqual(['mount_denied']);
  });

  test('a mount that the policy lists is refused again once the policy no longer lists it, also in the final plan', () => {
    const bind = { source: '/etc/ssl', target: '/certs' };
    expect(() => checkPlanMounts([bind], under(readable('/etc/ssl')), [])).not.toThrow();
    expect(() => checkPlanMounts([bind], host, [])).toThrow(/may never be mounted/);
  });

  test('a mount that the policy lists is not what a link leads to, when only the link is listed', () => {
    symlinkSync('/etc/ssl', at('srv/link'));
    expect(codes(under(readable(at('srv/link'))), at('srv/link'), '/certs')).toEqual(['mount_denied']);
    expect(refused(readable(at('srv/link')))).toEqual(['0 policy_mount_link']);
  });

  test('a mount that the policy lists may be writable when it says so, and then the very directory alone', () => {
    mkdirSync(at('srv/data/inner'));
    const on = under(writable(at('srv/data')));
    expect(codes(host, at('srv/data'), '/data', '')).toEqual(['mount_writable']);
    expect(codes(under(readable(at('srv/data'))), at('srv/data'), '/data', '')).toEqual(['mount_writable']);
    expect(codes(on, at('srv/data'), '/data', '')).toEqual([]);
    expect(codes(on, at('srv'), '/data', '')).toEqual(['mount_writable']);
    for (const rest of ['', ',readonly'])
      expect(codes(on, at('srv/data/inner'), '/data', rest)).toEqual(['mount_inside_writable']);
    expect(resolveMounts(bindOf(at('srv/data'), '/data', ''), on)).toMatchObject([
      { kind: 'bind', readOnly: false, realSource: at('srv/data') },
    ]);
  });

  test('the final plan takes a writable mount of the policy alone', () => {
    const bind = { source: at('srv/data'), target: '/data', readOnly: false };
    expect(() => checkPlanMounts([bind], under(writable(at('srv/data'))), [])).not.toThrow();
    for (const on of [host, under(readable(at('srv/data')))])
      expect(() => checkPlanMounts([bind], on, [])).toThrow(/would be mounted writable/);
  });

  test('a mount that the policy lists is held to its owners all the same', () => {
    chmodSync(at('srv/data'), 0o777);
    const on = under(writable(at('srv/data')));
    expect(() => resolveMounts(bindOf(at('srv/data'), '/data', ''), on)).toThrow(/others than its owner/);
  });

  test('a mount that the policy lists through a link that a run left in a writable directory leads nowhere', () => {
    mkdirSync(at('srv/elsewhere'));
    symlinkSync(at('srv/elsewhere'), at('srv/data/out'));
    expect(codes(under(writable(at('srv/data'))), at('srv/data/out'), '/data')).toEqual([
      'mount_inside_writable',
    ]);
  });
});

describe('in the secrets directory the policy', () => {
  test('in the secrets directory the policy adds single files, which are delivered as copies', () => {
    const file = join(host.secretsDir, 'npm-token');
    writeFileSync(file, 'x');
    expect(codes(host, file, '/run/secrets/npm')).toEqual(['mount_denied']);
    const on = under(readable(file));
    expect(checkMounts(bindOf(file, '/run/secrets/npm'), on).mounts).toMatchObject([
      { kind: 'credential', name: 'npm' },
    ]);
    expect(codes(on, file, '/data')).toEqual(['mount_credential_target']);
    expect(codes(on, join(host.secretsDir, 'other'), '/run/secrets/other')).toEqual(['mount_denied']);
    expect(() => checkPlanMounts([{ source: file, target: '/data' }], on, [])).toThrow(/never be mounted/);
  });

  test('in the secrets directory the policy never adds the directory itself, or what belongs to the service', () => {
    mkdirSync(join(host.secretsDir, 'service'));
    writeFileSync(join(host.secretsDir, 'service/app.pem'), 'x');
    for (const path of [
      host.secretsDir,
      join(host.secretsDir, 'service'),
      join(host.secretsDir, 'service/app.pem'),
    ]) {
      expect(refused(readable(path))).toEqual(['0 policy_mount_refused']);
      expect(codes(under(readable(path)), path, '/run/secrets/x')).toEqual(['mount_denied']);
    }
  });
});

describe('no policy widens', () => {
  test.each([
    '/var/run/docker.sock',
    '/run/containerd/containerd.sock',
    '/srv/x/podman.sock',
    '/var/lib/docker',
    '/var/lib/docker/volumes/a',
    '/root/.ssh',
    '/root/.ssh/id_ed25519',
    '/home/nobody-at-all/.gnupg',
    '/home/nobody-at-all/.aws/credentials',
    '/home/nobody-at-all/.config/gh/hosts.yml',
    '/srv/anything/.ssh',
    '/srv/project/.env',
    '/srv/project/.env.production',
    '/srv/project/secrets.enc',
    '/srv/project/.npmrc',
    '/run',
    '/home',
    '/root',
    '/var',
    '/dev/null',
  ])('%s', (path) => {
    expect(refused(readable(path))).toEqual(['0 policy_mount_refused']);
    expect(refused(writable(path))).toEqual(['0 policy_mount_refused']);
  });

  test('what the service keeps, the application, or the policy itself', () => {
    const policyFile = at('etc-of-service/policy.json');
    const paths = [
      host.varDir,
      host.workspaceRoot,
      join(host.workspaceRoot, 'o/r/1'),
      host.runDir,
      host.appDirs[0] ?? '',
      join(host.appDirs[0] ?? '', 'src'),
    ];
    for (const path of paths)
      expect([path, refused(readable(path))]).toEqual([path, ['0 policy_mount_refused']]);
    const own: MountHost = { ...host, policyFile };
    mkdirSync(at('etc-of-service'));
    for (const path of [policyFile, at('etc-of-service')]) {
      expect(checkPolicyMounts([readable(path)], own)).toMatchObject([{ code: 'policy_mount_refused' }]);
      expect(codes({ ...under(readable(path)), policyFile }, path, '/data')).toEqual(['mount_denied']);
    }
    expect(codes(own, at('etc-of-service'), '/data')).toEqual(['mount_denied']);
  });

  test('the key file, wherever it is kept', () => {
    const keyFile = at('keys-of-service/key');
    const own: MountHost = { ...host, keyFile };
    mkdirSync(at('keys-of-service'));
    for (const path of [keyFile, at('keys-of-service')]) {
      expect(checkPolicyMounts([readable(path)], own)).toMatchObject([{ code: 'policy_mount_refused' }]);
      expect(codes({ ...under(readable(path)), keyFile }, path, '/data')).toEqual(['mount_denied']);
    }
  });

  test('a mount inside one that it lists as writable', () => {
    mkdirSync(at('srv/data/inner'));
    expect(refused(writable(at('srv/data')), readable(at('srv/data/inner')))).toEqual([
      '1 policy_mount_refused',
    ]);
    expect(refused(readable(at('srv/data')), writable(at('srv/data/inner')))).toEqual([]);
  });
});

describe('flags that need a policy', () => {
  const policy = policyOf({
    volumes: [
      { name: 'packages', writable: false },
      { name: 'scratch', writable: true },
    ],
    networks: ['registry'],
    rootUser: true,
  });
  const parse = (...args: string[]) => parseDockerArgs(args, policy);

  test('flags that need a policy are read when it lists what they name', () => {
    const { parsed, problems } = parse(
      ...['--mount', 'type=volume,src=packages,dst=/packages,readonly', '-v', 'scratch:/scratch'],
      ...['--network', 'registry', '--user', '0:0'],
    );
    expect(problems).toEqual([]);
    expect(parsed).toMatchObject({
      network: { name: 'registry' },
      user: '0:0',
      mounts: [
        { type: 'volume', volume: 'packages', target: '/packages', readOnly: true },
        { type: 'volume', volume: 'scratch', target: '/scratch', readOnly: false },
      ],
    });
    expect(checkMounts(parsed.mounts, host).problems).toEqual([]);
  });

  test.each([
    ['-v', 'other:/data'],
    ['-v', '/data'],
    ['--mount', 'type=volume,src=other,dst=/data'],
    ['--mount', 'type=volume,dst=/data'],
    ['--mount', 'type=volume,src=packages,dst=/data,volume-opt=device=/etc'],
    ['--mount', 'type=volume,src=packages,dst=/data,volume-driver=x'],
    ['--network', 'other'],
  ])('flags that need a policy are refused when it does not: %s %s', (flag, value) => {
    expect(parse(flag, value).problems).toMatchObject([{ code: 'docker_flag_needs_policy' }]);
  });

  test('flags that need a policy say what it allows', () => {
    expect(parse('-v', 'other:/data').problems[0]?.message).toContain('packages, scratch');
    expect(parse('--network', 'other').problems[0]?.message).toContain('registry');
  });

  test.each([
    ['--network', 'host'],
    ['--network', 'container:x'],
    ['--user', 'root'],
    ['--user', '0'],
    ['-v', 'scratch:/scratch:z'],
    ['-v', 'scratch:/etc'],
    ['--mount', 'type=volume,src=scratch,dst=/a,tmpfs-size=1m'],
  ])('flags that need a policy never become what no policy allows: %s %s', (flag, value) => {
    const { parsed, problems } = parse(flag, value);
    expect([...problems, ...checkMounts(parsed.mounts, host).problems]).toHaveLength(1);
  });
});
