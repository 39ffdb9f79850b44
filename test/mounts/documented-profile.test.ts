import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MountHost } from '../../src/mounts/mount.ts';
import { checkMounts, resolveMounts } from '../../src/mounts/rules/check.ts';
import { bindOf, checkedBind, codesOfBind, makeMountHost, mountsOf } from '../support/profiles/mount-host.ts';

let root: string;
let host: MountHost;
let remove: () => void;
beforeEach(() => {
  ({ root, host, remove } = makeMountHost());
});
afterEach(() => remove());

const at = (...names: string[]): string => join(root, ...names);
const codes = (...bind: Parameters<typeof bindOf>): string[] => codesOfBind(host, ...bind);
const checked = (...bind: Parameters<typeof bindOf>) => checkedBind(host, ...bind);

/** The dockerArgs of the documented profile, letter for letter. */
const DOCUMENTED = [
  '--mount',
  'type=bind,src=/home/user/.secrets/codex,dst=/home/user/.codex',
  '--mount',
  'type=bind,src=/home/user/.secrets/gh-token,dst=/run/secrets/gh-token,readonly',
];

describe('the documented profile', () => {
  test.each(['/home/user/.secrets', '/root/.secrets', '/srv/elsewhere'])(
    'loads where the secrets directory is %s',
    (secretsDir) => {
      const app = '/home/user/app/github-flows';
      const two: MountHost = {
        ...host,
        homes: ['/root', '/home/user'],
        secretsDir,
        appDirs: [app],
        varDir: `${app}/var`,
        workspaceRoot: `${app}/var/work`,
        runDir: `${app}/var/run`,
      };
      const { mounts, problems } = checkMounts(mountsOf(...DOCUMENTED), two);
      expect(problems).toEqual([]);
      expect(mounts).toMatchObject([
        {
          kind: 'agent-state',
          name: 'codex',
          source: '/home/user/.secrets/codex',
          target: '/home/user/.codex',
          readOnly: false,
        },
        {
          kind: 'credential',
          name: 'gh-token',
          source: '/home/user/.secrets/gh-token',
          target: '/run/secrets/gh-token',
        },
      ]);
      const forbidden = [
        '/root',
        '/home/user',
        '/home/user/.secrets',
        '/home/user/.ssh',
        '/root/.ssh/id_rsa',
        '/root/.config/gh',
        app,
        `${app}/.env`,
        `${app}/var`,
        `${app}/var/work/o/r/1`,
        '/home/user/app',
        '/var/run/docker.sock',
        '/etc',
        '/home/user/.secrets/service',
        '/home/user/.secrets/other',
        secretsDir,
        `${secretsDir}/service/x`,
      ];
      for (const path of forbidden) {
        const found = checkMounts(bindOf(path, '/data'), two).problems.map(({ code }) => code);
        expect([path, found]).toEqual([path, ['mount_denied']]);
      }
    },
  );

  test('loads where the credentials are there, and where the service may not look', () => {
    mkdirSync(at('home/user/.secrets/codex'));
    writeFileSync(at('home/user/.secrets/codex/auth.json'), '{}');
    writeFileSync(at('home/user/.secrets/gh-token'), 'x', { mode: 0o600 });
    const mounts = mountsOf(
      ...DOCUMENTED.map((arg) => arg.replace('src=/home/user/.secrets', `src=${host.secretsDir}`)),
    );
    expect(checkMounts(mounts, host).problems).toEqual([]);
    expect(resolveMounts(mounts, host).map(({ kind }) => kind)).toEqual(['agent-state', 'credential']);
  });

  test('the documented profile works with a secrets directory that is a link, and one inside the application', () => {
    mkdirSync(at('disk/secrets'), { recursive: true });
    symlinkSync(at('disk/secrets'), at('linked'));
    writeFileSync(at('disk/secrets/gh-token'), 'x');
    host = { ...host, secretsDir: at('linked') };
    expect(checked(at('linked/gh-token'), '/run/secrets/gh-token')).toMatchObject({
      source: at('disk/secrets/gh-token'),
      kind: 'credential',
    });
    expect(codes(at('disk/secrets/other'), '/run/secrets/other')).toEqual(['mount_denied']);
    host = { ...host, secretsDir: join(host.varDir, 'secrets') };
    expect(checked(join(host.secretsDir, 'codex'), '/home/user/.codex')).toMatchObject({
      kind: 'agent-state',
    });
    expect(codes(join(host.secretsDir, 'other'), '/run/secrets/other')).toEqual(['mount_denied']);
    host = { ...host, secretsDir: join(host.workspaceRoot, 'secrets') };
    expect(codes(join(host.secretsDir, 'gh-token'), '/run/secrets/gh-token')).toEqual(['mount_denied']);
  });
});
