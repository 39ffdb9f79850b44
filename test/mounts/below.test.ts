import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MountHost } from '../../src/mounts/mount.ts';
import { searchBelow } from '../../src/mounts/rules/below.ts';
import { checkMounts, checkPlanMounts, resolveMounts } from '../../src/mounts/rules/check.ts';
import { loadDenyList } from '../../src/mounts/rules/deny-list.ts';
import { parseSockets } from '../../src/mounts/rules/engine-sockets.ts';
import { namesByMount, parseMounts } from '../../src/mounts/rules/host-view.ts';
import { followLinks } from '../../src/mounts/rules/resolve.ts';
import type { PolicyMount } from '../../src/policy/policy.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';
import { bindOf, makeMountHost } from '../support/profiles/mount-host.ts';
import { policyOf } from '../support/profiles/policy-files.ts';

let root: string;
let host: MountHost;
let remove: () => void;
const servers: Server[] = [];
beforeEach(() => {
  ({ root, host, remove } = makeMountHost());
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  remove();
});

const at = (...names: string[]): string => join(root, ...names);
const write = (path: string, text = 'x'): void => {
  mkdirSync(dirname(at(path)), { recursive: true, mode: 0o755 });
  writeFileSync(at(path), text, { mode: 0o644 });
};
const problems = (source = at('srv/data'), on = host) => checkMounts(bindOf(source, '/data'), on).problems;
const codes = (...args: Parameters<typeof problems>): string[] => problems(...args).map(({ code }) => code);
const under = (...mounts: PolicyMount[]): MountHost => ({ ...host, policy: () => policyOf({ mounts }) });
const listen = async (path: string): Promise<void> => {
  mkdirSync(dirname(at(path)), { recursive: true, mode: 0o755 });
  const server = createServer().listen(at(path));
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
};

const PRIVATE_KEY = '-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n';
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';

describe('a directory that holds what the deny-list names is refused with the path:', () => {
  test.each([
    ['.ssh/known_hosts'],
    ['app/.env'],
    ['app/.env.production'],
    ['app/.ENV'],
    ['deep/er/and/deeper/.npmrc'],
    ['.netrc'],
    ['.pypirc'],
    ['.git-credentials'],
    ['.aws/credentials'],
    ['.kube/config'],
    ['.docker/config.json'],
    ['.gnupg/x'],
    ['keys/id_rsa'],
    ['keys/id_ed25519'],
    ['store/secrets.enc'],
    ['old-home/.config/gh/hosts.yml'],
    ['old-home/.config/gcloud/credentials.db'],
    ['old-home/.config/op/config'],
    ['old-home/.azure/x'],
    ['old-home/.password-store/x.gpg'],
    ['old-home/.terraform.d/credentials.tfrc.json'],
    ['old-home/.cargo/credentials.toml'],
    ['old-home/.m2/settings.xml'],
    ['old-home/.mozilla/firefox/x'],
    ['old-home/.secrets/gh-token'],
    ['old-home/.bash_history'],
    ['.mycli_history'],
    ['.codex/auth.json', '{"OPENAI_API_KEY": "x"}'],
    ['agents/one/.credentials.json', '{"accessToken": "x"}'],
    ['tls/server.pem', PRIVATE_KEY],
    ['tls/both.pem', CERTIFICATE + PRIVATE_KEY],
    ['tls/unknown.pem', 'binary'],
    ['tls/server.key', PRIVATE_KEY],
    ['tls/store.p12'],
    ['app/.git/config', '[remote "o"]\n\turl = https://x:ghp_1@github.com/o/r\n'],
    ['mirror.git/config', '[remote "o"]\n\turl = https://github_pat_0123456789@github.com/o/r\n'],
    ['app/.git/config', '[http "https://x/"]\n\textraheader = AUTHORIZATION: basic eDp5\n'],
    ['state/terraform.tfstate'],
    ['copy/containers/auth.json', '{"auths":{"ghcr.io":{"auth":"eDp5"}}}'],
    ['my-credentials.json', '{"user":"a","pass":"b"}'],
    ['aws-credentials.json', '[{"key":"b"}]'],
    ['credentials.json', 'no JSON'],
    ['dot/.gitconfig', '[github]\n\ttoken = ghp_1\n'],
    ['dot/.gitconfig', '[sendemail]\n\tsmtpPass = x\n'],
    ['dot/.gitconfig', '[http]\n\textraheader = PRIVATE-TOKEN: x\n'],
    ['web/.yarnrc.yml', 'npmAuthToken: x\n'],
    ['keys/id_rsa.bak', PRIVATE_KEY],
    ['etc/ssh_host_ed25519_key'],
    ['.envrc'],
    ['prod.env'],
    ['prod.tfvars'],
    ['kubeconfig'],
    ['.vault_pass'],
    ['app.keytab'],
    ['tmp/krb5cc_1000'],
    ['store/secret.gpg'],
    ['profile/logins.json'],
    ['profile/key4.db'],
    ['old-home/.authinfo'],
    ['old-home/.config/chezmoi/x'],
    ['old-home/.local/share/atuin/key'],
    ['old-home/.vscode-server/x'],
    ['gcp/application_default_credentials.json', '{"refresh_token": "x"}'],
  ])('%s', (path, text = 'x') => {
    write(join('srv/data', path), text);
    const [problem] = problems();
    expect(problem).toMatchObject({ code: 'mount_denied' });
    const found = /it holds "([^"]+)"/.exec(problem?.message ?? '')?.[1] ?? '';
    expect(at('srv/data', path).startsWith(found)).toBe(true);
    expect(() => resolveMounts(bindOf(at('srv/data'), '/data'), host)).toThrow(/may never be mounted/);
    const plan = [{ source: at('srv/data'), target: '/data' }];
    expect(() => checkPlanMounts(plan, host, [])).toThrow(/may never be mounted/);
  });

  test('a file that is mounted by itself is searched for as well', () => {
    write('srv/data/tls/server.pem', PRIVATE_KEY);
    write('srv/data/ca.pem', CERTIFICATE);
    expect(codes(at('srv/data/tls/server.pem'))).toEqual(['mount_denied']);
    expect(codes(at('srv/data/ca.pem'))).toEqual([]);
  });
});

test('what only looks like a secret is mounted: certificates, a clone without a login, settings, links to elsewhere', () => {
  write('srv/data/tls/ca.pem', CERTIFICATE);
  write('srv/data/tls/id.key', '-----BEGIN PUBLIC KEY-----\nMII\n-----END PUBLIC KEY-----\n');
  write(
    'srv/data/app/.git/config',
    '[remote "o"]\n\turl = git@github.com:o/r\n\turl = https://user@host/r\n',
  );
  write('srv/data/app/config', 'listen=8080');
  write('srv/data/app/.gitconfig', '[http]\n\tsslCertPasswordProtected = true\n[core]\n\taskPass = /bin/x\n');
  write('srv/data/web/.yarnrc.yml', 'nodeLinker: node-modules\n');
  write('srv/data/keys/id_ed25519.pub', 'ssh-ed25519 AAAA me');
  write('srv/data/service-account.json', '{"kind":"ServiceAccount","metadata":{"name":"x"}}');
  write('srv/data/app/.claude/settings.json', '{}');
  write('srv/data/app/environment', 'A=1');
  symlinkSync('/nowhere/else.pem', at('srv/data/tls/gone.pem'));
  symlinkSync(at('root'), at('srv/data/out'));
  write('root/.env');
  expect(problems()).toEqual([]);
});

test('a directory that the service may not read does not stop the search', () => {
  write('srv/data/closed/x');
  chmodSync(at('srv/data/closed'), 0o000);
  expect(codes()).toEqual([]);
  chmodSync(at('srv/data/closed'), 0o755);
});

describe('a source at or above a socket', () => {
  test.each(['agent/S.gpg-agent', 'ssh-XXXX/agent.123', 'pg/.s.PGSQL.5432', 'X11/X0', 'pulse/native', 'bus'])(
    'a source at or above a socket that listens is refused, naming the socket: %s',
    async (name) => {
      await listen(join('srv/data', name));
      for (const source of [at('srv/data'), at('srv'), at('srv/data', dirname(name))]) {
        const [problem] = problems(source);
        expect(problem).toMatchObject({ code: 'mount_denied' });
        expect(problem?.message).toContain(at('srv/data', name));
      }
      symlinkSync(at('srv/data'), at('link'));
      expect(codes(at('link'))).toEqual(['mount_denied']);
      for (const unsearched of [true, false])
        for (const writable of [true, false])
          expect(codes(at('srv/data'), under({ source: at('srv/data'), writable, unsearched }))).toEqual([
            'mount_denied',
          ]);
    },
  );

  test('a source at or above a socket is free again when the socket is gone', async () => {
    await listen('srv/data/x');
    expect(codes()).toEqual(['mount_denied']);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    rmSync(at('srv/data/x'), { force: true });
    expect(codes()).toEqual([]);
  });

  test('a source at or above a socket that nobody in this network is known to serve is refused too', async () => {
    await listen('elsewhere/x');
    linkSync(at('elsewhere/x'), at('srv/data/other-name'));
    expect(problems()[0]?.message).toContain('a socket of the host is never mounted');
    for (const mount of [{ writable: false, unsearched: true }, { writable: true }])
      expect(codes(at('srv/data'), under({ source: at('srv/data'), ...mount }))).toEqual(['mount_denied']);
  });

  test('that was bound by a relative path is refused, whatever the policy says of the directory', async () => {
    mkdirSync(at('srv/data/deep'), { recursive: true, mode: 0o755 });
    const script = `require('node:net').createServer().listen('rel.sock', () => console.log('up'))`;
    const child = spawnProgram(process.execPath, ['-e', script], {
      cwd: at('srv/data/deep'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      for (const mount of [{ writable: false, unsearched: true }, { writable: true }])
        expect(codes(at('srv/data'), under({ source: at('srv/data'), ...mount }))).toEqual(['mount_denied']);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  test('a source at or above a socket is known by /proc/net/unix: what listens, and what takes datagrams, by its path', () => {
    const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 29 /run/dbus/system_bus_socket
0000000000000000: 00000003 00000000 00000000 0001 03 30 /run/connected
0000000000000000: 00000002 00000000 00000000 0002 01 31 /dev/log
0000000000000000: 00000002 00000000 00010000 0001 01 32 @/tmp/.X11-unix/X0
0000000000000000: 00000002 00000000 00010000 0005 01 33 /srv/with space/s
0000000000000000: 00000003 00000000 00000000 0001 03 34`;
    expect(parseSockets(text)).toEqual([
      { path: '/run/dbus/system_bus_socket', isServing: true },
      { path: '/run/connected', isServing: false },
      { path: '/dev/log', isServing: true },
      { path: '/srv/with space/s', isServing: true },
    ]);
  });

  test('a source at or above a socket is found under the name that a mount of the host gives it', () => {
    const mounts = '36 35 8:1 /srv/app /data rw - ext4 /dev/sda1 rw\n37 35 8:1 / / rw - ext4 /dev/sda1 rw';
    expect(namesByMount('/srv/app/run/s', parseMounts(mounts))).toEqual(['/data/run/s']);
    expect(namesByMount('/srv/other/s', parseMounts(mounts))).toEqual([]);
  });
});

describe('a source that is too large to search', () => {
  const search = (bounds: Partial<{ entries: number; depth: number; ms: number }>, on = host) =>
    searchBelow(at('srv/data'), followLinks(at('srv/data')), loadDenyList(on), {
      ...{ entries: 100, depth: 10, ms: 60_000 },
      ...bounds,
    });

  test.each([{ entries: 2 }, { depth: 2 }, { ms: -1 }])(
    'a source that is too large to search by %o is refused, and the policy can take it',
    (bounds) => {
      for (const path of ['a/b/c/1', 'a/b/c/2', 'a/b/c/3']) write(join('srv/data', path));
      expect(() => search({})).not.toThrow();
      expect(() => search(bounds)).toThrow(expect.objectContaining({ code: 'mount_too_large_to_search' }));
      const source = at('srv/data');
      expect(() => search(bounds, under({ source, writable: false, unsearched: true }))).not.toThrow();
      expect(() => search(bounds, under({ source, writable: true }))).not.toThrow();
      expect(() => search(bounds, under({ source, writable: false }))).toThrow(/cannot be searched/);
    },
  );
});

test('a policy takes the admin’s word for what is in a directory only where it says unsearched', () => {
  write('srv/data/app/.npmrc');
  const source = at('srv/data');
  expect(codes(source, under({ source, writable: false }))).toEqual(['mount_denied']);
  expect(codes(source, under({ source, writable: false, unsearched: true }))).toEqual([]);
  expect(codes(at('srv/data/app/.npmrc'), under({ source, writable: false, unsearched: true }))).toEqual([
    'mount_denied',
  ]);
});
