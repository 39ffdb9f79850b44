import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';
import type { MountHost } from '../../src/mounts/mount.ts';
import { checkMounts } from '../../src/mounts/rules/check.ts';
import { bindOf, makeMountHost, mountsOf } from '../support/profiles/mount-host.ts';

let host: MountHost;
let remove: () => void;
beforeEach(() => {
  ({ host, remove } = makeMountHost());
});
afterEach(() => remove());

const codes = (...args: Parameters<typeof bindOf>): string[] =>
  checkMounts(bindOf(...args), host).problems.map(({ code }) => code);

describe('a destination', () => {
  const DENIED = [
    '/',
    '/workspace',
    '/bin',
    '/boot/x',
    '/dev/shm',
    '/etc',
    '/etc/profile.d',
    '/lib',
    '/lib64/x',
    '/libexec',
    '/proc/1',
    '/root',
    '/root/.codex',
    '/run',
    '/run/github-flows',
    '/run/github-flows/bin',
    '/sbin',
    '/sys/fs',
    '/usr',
    '/usr/local/bin',
    '/var',
    '/var/tmp',
    '/workspace/repo',
    '/workspace/repo/x',
    '/workspace/a/b',
  ];
  test.each(DENIED)(
    '%s is denied to binds, tmpfs and (but in the workspace) as a working directory',
    (target) => {
      expect(codes('/srv/x', target)).toEqual(['mount_target_denied']);
      expect(checkMounts(mountsOf('--tmpfs', target), host).problems).toMatchObject([
        { code: 'mount_target_denied' },
      ]);
      expect(checkMounts(mountsOf('--mount', `type=tmpfs,dst=${target}`), host).problems).toMatchObject([
        { code: 'mount_target_denied' },
      ]);
      const workdir = parseDockerArgs(['-w', target]).problems.map(({ code }) => code);
      expect(workdir).toEqual(target.startsWith('/workspace/') ? [] : ['mount_target_denied']);
    },
  );

  test.each([
    '/data',
    '/home/user/data',
    '/opt/x',
    '/tmp',
    '/srv',
    '/mnt/x',
    '/workspace/cache',
    '/workspaces',
    '/home',
    '/binary',
    '/rooted',
    '/.x',
  ])('%s is fine', (target) => {
    expect(codes('/srv/x', target)).toEqual([]);
    expect(parseDockerArgs(['-w', target]).problems).toEqual([]);
  });

  test('a destination of two mounts is never the same or one inside the other', () => {
    const taken = (...targets: string[]) => {
      const mounts = targets.flatMap((target) => mountsOf('--tmpfs', target));
      return checkMounts(mounts, host).problems.map(({ code, asWritten }) => [code, asWritten]);
    };
    expect(taken('/a', '/a')).toEqual([['mount_target_taken', '--tmpfs /a']]);
    expect(taken('/a', '/a/b')).toEqual([['mount_target_taken', '--tmpfs /a/b']]);
    expect(taken('/a/b/c', '/a')).toEqual([['mount_target_taken', '--tmpfs /a']]);
    expect(taken('/a', '/ab', '/b/a', '/c')).toEqual([]);
    const [one, other] = [`${host.homes[0]}/.secrets/gh-token`, `${host.homes[1]}/.secrets/gh-token`];
    const two = [...bindOf(one, '/run/secrets/x'), ...bindOf(other, '/run/secrets/x')];
    expect(checkMounts(two, host).problems).toMatchObject([{ code: 'mount_target_taken' }]);
  });
});
