import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkMounts } from '../../src/mounts/rules/check.ts';
import { DENY_TABLE, loadDenyList } from '../../src/mounts/rules/deny-list.ts';
import { makeMountHost } from '../support/profiles/mount-host.ts';

const { root, host, remove } = makeMountHost();
afterAll(remove);

const at = (...names: string[]): string => join(root, ...names);
const link = (name: string, to: string): string => {
  symlinkSync(to, at(name));
  return at(name);
};

/** The codes of what is wrong with mounting `source` read-only at a harmless place. */
const codes = (source: string, target = '/data', settings = host): string[] =>
  checkMounts([{ type: 'bind', source, target, readOnly: true, asWritten: source }], settings).problems.map(
    ({ code }) => code,
  );

const DENIED = ['mount_denied'];

describe('the system', () => {
  test.each(['/', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32', '/var', '/home'])(
    '%s itself is denied',
    (path) => {
      expect(codes(path)).toEqual(DENIED);
      expect(codes(`${path}/`)).toEqual(DENIED);
    },
  );

  test.each([
    '/usr/share/doc',
    '/var/tmp/gf-none',
    '/usr/local/share/data',
    '/opt/tools',
    '/srv/data',
    '/mnt/disk',
    '/libs2/x',
  ])('%s below is not', (path) => {
    expect(codes(path)).toEqual([]);
  });

  test.each(['/etc', '/proc', '/sys', '/dev', '/boot', '/run', '/var/run'])(
    '%s is denied with everything below',
    (path) => {
      for (const spelling of [
        path,
        `${path}/`,
        `/${path}`,
        `${path}/.`,
        `${path}/..${path}`,
        `/nonexistent/..${path}`,
        `${path}/no/such/thing`,
        `/..${path}`,
        `/./${path}//x/`,
      ]) {
        expect([spelling, codes(spelling)]).toEqual([spelling, DENIED]);
      }
    },
  );

  test.each(['/ETC', '/Etc/passwd', '/PROC/1', '/e\u0301tc/../etc', '/ｅｔｃ'])(
    '%s, spelt otherwise, is denied too',
    (path) => {
      expect(codes(path)).toEqual(DENIED);
    },
  );

  test.each([
    '/proc/self/root/etc',
    '/proc/1/cwd',
    '/dev/fd/3',
    '/proc/self/root/home/user/.ssh',
    '/proc/thread-self/root',
  ])('%s leads nowhere', (path) => {
    expect(codes(path)).toEqual(DENIED);
  });
});

describe('homes', () => {
  test.each([
    '/root',
    '/home/user',
    '/home/nobody-has-this-name',
    '/home/x/.config',
    '/root/.config',
    '/home/x/.local',
    '/home/x/.cache',
    '/home/x/.cargo',
  ])('%s itself is denied', (path) => {
    expect(codes(path)).toEqual(DENIED);
  });

  test('homes which are configured are denied like the others, and what holds them', () => {
    expect(codes(at('root'))).toEqual(DENIED);
    expect(codes(at('home/user'))).toEqual(DENIED);
    expect(codes(at('home'))).toEqual(DENIED);
    expect(codes(root)).toEqual(DENIED);
    expect(codes(at('home/user/.config/gh/hosts.yml'))).toEqual(DENIED);
    expect(codes(at('root/.password-store'))).toEqual(DENIED);
  });

  test.each([
    '.ssh',
    '.ssh/id_ed25519',
    '.gnupg',
    '.aws/credentials',
    '.azure',
    '.kube/config',
    '.docker/config.json',
    '.password-store/x',
    '.config/gh',
    '.config/gh/hosts.yml',
    '.config/gcloud',
    '.config/op',
    '.local/share/keyrings',
    '.netrc',
    '.npmrc',
    '.pypirc',
    '.git-credentials',
    '.env',
    '.SSH',
    '.Aws',
    '.mozilla',
    '.pgpass',
    '.secrets',
    '.secrets/other-file',
    '.secrets/service',
    '.secrets/service/admin-token',
    '.secrets/codex/auth.json',
  ])('~/%s is denied, whoever it is and whether it is there', (name) => {
    for (const home of ['/home/zzz-nobody', '/root', at('home/user')])
      expect(codes(`${home}/${name}`)).toEqual(DENIED);
  });

  test.each([
    'projects/data',
    '.config/nvim',
    '.cargo/registry',
    '.gitconfig',
    '.cache/pip',
    '.sshx',
    'ssh',
    '.environment',
    'foo.encoded',
  ])('~/%s is free', (name) => {
    expect(codes(`/home/zzz-nobody/${name}`)).toEqual([]);
  });
});

test.each([
  '/srv/.ssh',
  '/srv/backup/.ssh/id_rsa',
  '/srv/.gnupg',
  '/srv/.aws/x',
  '/srv/.kube',
  '/srv/.docker/run',
  '/srv/app/.env',
  '/srv/app/.env.local',
  '/srv/app/.env.d/x',
  '/srv/foo.enc',
  '/srv/foo.enc/bar',
  '/srv/.enc',
  '/srv/.git-credentials',
  '/srv/.netrc',
  '/srv/.npmrc',
  '/srv/.pypirc',
  '/srv/.ENV',
  '/srv/X.ENC',
  '/srv/．env',
  '/srv/.npmrc/',
  '/srv/x/../.netrc',
])('the name in %s is denied anywhere', (path) => {
  expect(codes(path)).toEqual(DENIED);
});

test.each([
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/containerd',
  '/run/podman/podman.sock',
  '/run/user/1000/docker.sock',
  '/run/user/1000/podman/podman.sock',
  '/srv/x/docker.sock',
  '/srv/podman.sock',
  '/srv/docker-proxy.sock',
  '/home/x/.docker/run/docker.sock',
  '/var/lib/docker',
  '/var/lib/docker/volumes/x',
  '/var/lib',
  '/var/lib/containerd',
  '/var/lib/containerd/x',
  '/home/x/.local/share/docker',
])('the engine is not reached by %s', (path) => {
  expect(codes(path)).toEqual(DENIED);
});

test('a directory that holds an open engine socket is denied, however deep and whatever the directory is called', async () => {
  mkdirSync(at('srv/deep/down'), { recursive: true });
  const server = createServer().listen(at('srv/deep/down/docker.sock'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(codes(at('srv/deep/down'))).toEqual(DENIED);
  expect(codes(at('srv/deep'))).toEqual(DENIED);
  expect(codes(link('to-deep', at('srv/deep')))).toEqual(DENIED);
  await new Promise((resolve) => server.close(resolve));
  expect(codes(at('srv/deep'))).toEqual([]);
});

test("the engine's own socket is denied by the place that is configured, whatever it is called", () => {
  const settings = { ...host, engineSocket: at('srv/engine/api') };
  expect(codes(at('srv/engine/api'), '/data', settings)).toEqual(DENIED);
  expect(codes(at('srv/engine'), '/data', settings)).toEqual(DENIED);
});

test("the service's own directories are denied, with what holds them and what they hold", () => {
  const { varDir, workspaceRoot, runDir, appDirs, secretsDir } = host;
  for (const path of [varDir, workspaceRoot, runDir, ...appDirs, secretsDir]) {
    expect([path, codes(path), codes(join(path, '..'))]).toEqual([path, DENIED, DENIED]);
  }
  for (const path of [
    'github-flows.db',
    'mirrors/1.git',
    'work/owner/repo/run/repo',
    'run/x',
    '../.env',
    '../src',
    '../profiles/x',
  ]) {
    expect([path, codes(join(varDir, path))]).toEqual([path, DENIED]);
  }
  expect(codes(join(secretsDir, 'other-file'))).toEqual(DENIED);
  expect(codes(join(secretsDir, 'service/apps/key.pem'), '/run/secrets/key')).toEqual(DENIED);
});

describe('links', () => {
  test('links to denied places are denied, also when nothing is there', () => {
    expect(codes(link('to-etc', '/etc'))).toEqual(DENIED);
    expect(codes(link('to-none', '/etc/no/such/file'))).toEqual(DENIED);
    expect(codes(link('to-ssh', '/home/zzz-nobody/.ssh/id_rsa'))).toEqual(DENIED);
    expect(codes(link('to-home', '../../../../../../home'))).toEqual(DENIED);
    expect(codes(link('to-proc', '/proc/self/root'))).toEqual(DENIED);
  });

  test('links of a parent, and links to links, are denied', () => {
    link('first', '/');
    expect(codes(at('first/etc/passwd'))).toEqual(DENIED);
    link('second', 'first/etc');
    expect(codes(at('second'))).toEqual(DENIED);
    expect(codes(at('second/shadow'))).toEqual(DENIED);
    expect(codes(`${root}/first/../etc`)).toEqual(DENIED);
  });

  test('links that pass through a denied place are denied although they end elsewhere', () => {
    mkdirSync(at('home/user/.ssh'), { recursive: true });
    symlinkSync(at('srv/data'), at('home/user/.ssh/out'));
    expect(codes(link('via-ssh', at('home/user/.ssh/out')))).toEqual(DENIED);
  });

  test('links in a circle are an error of their own', () => {
    link('round-a', 'round-b');
    link('round-b', 'round-a');
    expect(codes(at('round-a'))).toEqual(['mount_link_loop']);
  });

  test('links to harmless places are fine', () => {
    expect(codes(link('to-data', at('srv/data')))).toEqual([]);
  });

  test('links that the host itself uses are followed: what a denied name leads to is denied too', () => {
    mkdirSync(at('disk/cloud-login'), { recursive: true });
    mkdirSync(at('disk/home-of-user'), { recursive: true });
    symlinkSync(at('disk/cloud-login'), at('home/user/.azure'));
    symlinkSync(at('disk/home-of-user'), at('moved-home'));
    const settings = { ...host, homes: [...host.homes, at('moved-home')] };
    expect(codes(at('disk/cloud-login/tokens'))).toEqual(DENIED);
    expect(codes(at('disk/home-of-user'), '/data', settings)).toEqual(DENIED);
    expect(codes(at('disk/home-of-user/.config/gh'), '/data', settings)).toEqual(DENIED);
    expect(codes(at('disk/home-of-user/work'), '/data', settings)).toEqual([]);
  });
});

test('a refusal names the path, where it leads, the reason and what to do', () => {
  writeFileSync(at('srv/data/x'), '');
  const [problem] = checkMounts(
    [
      {
        type: 'bind',
        source: link('nice', '/etc/passwd'),
        target: '/data',
        readOnly: true,
        asWritten: '-v …',
      },
    ],
    host,
  ).problems;
  expect(problem).toMatchObject({ code: 'mount_denied', asWritten: '-v …' });
  expect(problem?.message).toBe(
    `"${at('nice')}", which leads to "/etc/passwd", may never be mounted: it lies in /etc, and it holds the host's configuration, its keys and its password hashes.`,
  );
  expect(problem?.hint).toContain('docs/mounts.md');
});

describe('the table', () => {
  test('the deny-list has a kind, matches and a reason in every entry, and no match twice', () => {
    const seen = new Set<string>();
    for (const entry of DENY_TABLE) {
      expect(['path', 'home', 'setting', 'name', 'socket', 'listener', 'content']).toContain(entry.kind);
      expect(entry.reason).toMatch(/^\w.*[^.]$/);
      for (const match of entry.match) {
        expect(seen.has(`${entry.kind} ${match}`)).toBe(false);
        seen.add(`${entry.kind} ${match}`);
        if (entry.kind === 'setting')
          expect(Object.keys({ ...host, engineSocket: '', policyFile: '', keyFile: '' })).toContain(
            match.split('/')[0],
          );
      }
    }
  });

  test('the deny-list is loaded quickly enough to be loaded for every launch', () => {
    const homes = Array.from({ length: 200 }, (_home, index) => `/home/user-${index}`);
    const start = process.cpuUsage();
    for (let round = 0; round < 3; round += 1) loadDenyList({ ...host, homes });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 3).toBeLessThan(1_000_000);
  });
});
