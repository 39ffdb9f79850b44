import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MountHost } from '../../src/mounts/mount.ts';
import { checkMounts, resolveMounts } from '../../src/mounts/rules/check.ts';
import { bindOf, checkedBind, codesOfBind, makeMountHost } from '../support/profiles/mount-host.ts';
import { policyOf } from '../support/profiles/policy-files.ts';

let root: string;
let host: MountHost;
let remove: () => void;
beforeEach(() => {
  ({ root, host, remove } = makeMountHost());
  const listed = ['/srv/tokens', '/srv/agent', '/srv/one', '/srv/two', at('srv/agent'), at('disk')];
  const policy = policyOf({ mounts: listed.map((source) => ({ source, writable: false })) });
  host = { ...host, policy: () => policy };
});
afterEach(() => remove());

const at = (...names: string[]): string => join(root, ...names);
const codes = (...bind: Parameters<typeof bindOf>): string[] => codesOfBind(host, ...bind);
const checked = (...bind: Parameters<typeof bindOf>) => checkedBind(host, ...bind);

describe('a credential', () => {
  test('a credential is what lies in the secrets directory, and is reported the path to use', () => {
    expect(codes(join(host.secretsDir, 'gh-token'), '/data/token')).toEqual(['mount_credential_target']);
    expect(
      checkMounts(bindOf(join(host.secretsDir, 'gh-token'), '/data/token'), host).problems[0]?.hint,
    ).toContain('/run/secrets/gh-token');
    expect(codes(join(host.secretsDir, 'codex'), '/agent/state')).toEqual(['mount_credential_target']);
    expect(
      checkMounts(bindOf(join(host.secretsDir, 'claude'), '/agent/state'), host).problems[0]?.hint,
    ).toContain('/home/user/.claude');
    expect(codes(join(host.secretsDir, 'codex'), '/run/secrets/codex')).toEqual(['mount_credential_target']);
    expect(codes('/home/zzz-nobody/.secrets/gh-token', '/data')).toEqual(['mount_credential_target']);
  });

  test('a credential is what goes below /run/secrets, and needs no readonly', () => {
    expect(checked('/srv/tokens/npm', '/run/secrets/npm', '')).toMatchObject({
      kind: 'credential',
      name: 'npm',
      readOnly: false,
    });
    for (const name of ['a/b', 'gh-token/x', 'codex', 'claude', 'gemini', '.hidden', 'a b', 'é']) {
      expect([name, codes('/srv/tokens/npm', `/run/secrets/${name}`)]).toEqual([
        name,
        [name.includes('/') ? 'mount_credential_target' : 'mount_credential_shape'],
      ]);
    }
    expect(codes('/srv/tokens/npm', '/run/secrets')).toEqual(['mount_credential_target']);
    expect(codes('/etc/shadow', '/run/secrets/x')).toEqual(['mount_denied']);
  });

  test('a credential is one file; a directory where the token belongs is reported by who reads the token', () => {
    const token = join(host.secretsDir, 'gh-token');
    rmSync(token, { force: true });
    mkdirSync(token);
    expect(checked(token, '/run/secrets/gh-token')).toMatchObject({ kind: 'credential', name: 'gh-token' });
    expect(resolveMounts(bindOf(token, '/run/secrets/gh-token'), host)).toHaveLength(1);
    expect(codes(token, '/data/token')).toEqual(['mount_credential_target']);
    mkdirSync(at('npm'));
    expect(codes(at('npm'), '/run/secrets/npm')).toEqual(['mount_credential_shape']);
  });

  test("a credential is what goes to an agent's state directory, where destinations allow it", () => {
    expect(checked('/srv/agent', '/home/user/.codex', '')).toMatchObject({
      kind: 'agent-state',
      name: 'codex',
    });
    expect(checked('/srv/agent', '/agent/.gemini')).toMatchObject({ kind: 'agent-state', name: 'gemini' });
    expect(codes('/srv/agent', '/root/.codex')).toEqual(['mount_target_denied']);
    expect(codes('/srv/agent', '/run/secrets/.codex')).toEqual(['mount_target_denied']);
    expect(codes('/srv/agent', '/workspace/repo/.codex')).toEqual(['mount_target_denied']);
  });

  test('a credential is a directory that holds a login, whatever it is called', () => {
    mkdirSync(at('srv/agent'));
    for (const [file, directory] of [
      ['auth.json', '.codex'],
      ['.credentials.json', '.claude'],
      ['oauth_creds.json', '.gemini'],
    ] as const) {
      writeFileSync(at('srv/agent', file), '{}');
      symlinkSync(at('srv/agent'), at('link'));
      expect(codes(at('srv/agent'), '/data')).toEqual(['mount_credential_target']);
      expect(codes(at('link'), '/data')).toEqual(['mount_credential_target']);
      expect(codes(at('srv/agent'), '/x/.codex')).toEqual(
        directory === '.codex' ? [] : ['mount_credential_shape'],
      );
      expect(checked(at('link'), `/home/user/${directory}`)).toMatchObject({
        kind: 'agent-state',
        source: at('srv/agent'),
      });
      rmSync(at('srv/agent', file));
      rmSync(at('link'));
    }
    expect(checked(at('srv/agent'), '/data')).toMatchObject({ kind: 'bind' });
  });

  test('a credential is decided from the names alone where nothing is there', () => {
    expect(codes('/srv/none/.codex', '/data')).toEqual(['mount_credential_target']);
    expect(codes('/srv/none/.claude', '/home/user/.codex')).toEqual(['mount_credential_shape']);
    expect(codes(join(host.secretsDir, 'codex'), '/home/user/.claude')).toEqual(['mount_credential_shape']);
    expect(codes(join(host.secretsDir, 'gh-token'), '/home/user/.codex')).toEqual(['mount_credential_shape']);
  });

  test('a credential is never the login file itself, since it holds the refresh token', () => {
    for (const target of [
      '/data/auth.json',
      '/run/secrets/auth.json',
      '/run/secrets/other',
      '/home/user/.codex/auth.json',
      '/home/user/.codex',
    ]) {
      expect([target, codes('/home/zzz-nobody/.codex/auth.json', target)]).toEqual([
        target,
        ['mount_credential_shape'],
      ]);
    }
  });

  test('a credential has the shape its name says', () => {
    writeFileSync(join(host.secretsDir, 'codex'), '');
    expect(codes(join(host.secretsDir, 'codex'), '/home/user/.codex')).toEqual(['mount_credential_shape']);
    expect(codes(at('srv/data'), '/run/secrets/data')).toEqual(['mount_credential_shape']);
    execFileSync('mkfifo', [join(host.secretsDir, 'gh-token')]);
    expect(codes(join(host.secretsDir, 'gh-token'), '/run/secrets/gh-token')).toEqual(['mount_special_file']);
  });

  test('a credential of one agent is delivered once', () => {
    const mounts = [...bindOf('/srv/one', '/a/.codex'), ...bindOf('/srv/two', '/b/.codex')];
    expect(checkMounts(mounts, host).problems).toMatchObject([
      { code: 'mount_state_twice', asWritten: mounts[1]?.asWritten },
    ]);
  });

  test('a credential that is a link keeps its own name in its real directory, for who reads it to refuse', () => {
    mkdirSync(at('disk'));
    writeFileSync(at('disk/real-token'), 'x', { mode: 0o600 });
    symlinkSync(at('disk/real-token'), join(host.secretsDir, 'gh-token'));
    symlinkSync(at('disk'), at('way'));
    symlinkSync(at('disk/real-token'), at('disk/npm'));
    const source = join(host.secretsDir, 'gh-token');
    expect(checked(source, '/run/secrets/gh-token')).toMatchObject({ source });
    expect(resolveMounts(bindOf(source, '/run/secrets/gh-token'), host)).toMatchObject([{ source }]);
    expect(checked(at('way/npm'), '/run/secrets/npm')).toMatchObject({ source: at('disk/npm') });
    expect(codes(at('way/npm'), '/data/npm')).toEqual([]);
  });

  test('outside of the secrets directory is read only where the policy lists it or what holds it', () => {
    mkdirSync(at('srv/agent'));
    mkdirSync(at('other'));
    writeFileSync(at('other/npm'), 'x', { mode: 0o600 });
    for (const [source, target] of [
      [at('other/npm'), '/run/secrets/npm'],
      [at('other/none-yet'), '/run/secrets/gh-token'],
      [at('other'), '/home/user/.claude'],
      [join(host.homes[1] ?? '', '.codex'), '/home/user/.codex'],
    ] as const) {
      expect([source, codes(source, target)]).toEqual([source, ['mount_credential_outside']]);
      const policy = policyOf({ mounts: [{ source, writable: false }] });
      const listed = checkMounts(bindOf(source, target), { ...host, policy: () => policy });
      expect(listed.problems).toEqual([]);
      expect(() => resolveMounts(bindOf(source, target), host)).toThrow(/outside of SECRETS_DIR/);
    }
    symlinkSync(at('other/npm'), at('disk-link'));
    expect(codes(at('disk-link'), '/run/secrets/npm')).toEqual(['mount_credential_outside']);
    const policy = policyOf({ mounts: [{ source: at('other'), writable: false }] });
    expect(codesOfBind({ ...host, policy: () => policy }, at('other/npm'), '/run/secrets/npm')).toEqual([]);
  });

  test('a credential that is missing is for who copies it to tell', () => {
    expect(
      resolveMounts(bindOf(join(host.secretsDir, 'gh-token'), '/run/secrets/gh-token'), host),
    ).toHaveLength(1);
  });
});
