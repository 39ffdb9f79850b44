import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
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
const coded = (code: string) => expect.objectContaining({ code });
const codes = (...bind: Parameters<typeof bindOf>): string[] => codesOfBind(host, ...bind);
const checked = (...bind: Parameters<typeof bindOf>) => checkedBind(host, ...bind);

describe('a bind', () => {
  test('gets its real path, and says how it was written', () => {
    symlinkSync(at('srv/data'), at('alias'));
    expect(checked(`${at('alias')}//./`, '/data')).toEqual({
      type: 'bind',
      kind: 'bind',
      source: `${at('alias')}//./`,
      realSource: at('srv/data'),
      target: '/data',
      readOnly: true,
      asWritten: `--mount type=bind,src=${at('alias')}//./,dst=/data,readonly`,
    });
  });

  test('a bind that is writable is refused', () => {
    expect(codes(at('srv/data'), '/data', '')).toEqual(['mount_writable']);
    expect(codes(at('srv/data'), '/data', ',readonly=false')).toEqual(['mount_writable']);
    expect(checkMounts(mountsOf('-v', `${at('srv/data')}:/data`), host).problems).toMatchObject([
      { code: 'mount_writable' },
    ]);
    expect(checkMounts(mountsOf('-v', `${at('srv/data')}:/data:rw`), host).problems).toMatchObject([
      { code: 'mount_writable' },
    ]);
    expect(checkMounts(mountsOf('-v', `${at('srv/data')}:/data:ro`), host).problems).toEqual([]);
  });

  test('a bind of a socket, a FIFO or a device is refused, also through a link', async () => {
    const server = createServer().listen(at('srv/any-name'));
    await new Promise((resolve) => server.once('listening', resolve));
    execFileSync('mkfifo', [at('srv/pipe')]);
    symlinkSync(at('srv/any-name'), at('srv/innocent'));
    for (const name of ['any-name', 'pipe', 'innocent'])
      expect(codes(at('srv', name), '/data')).toEqual(['mount_special_file']);
    await new Promise((resolve) => server.close(resolve));
    expect(codes('/dev/null', '/data')).toEqual(['mount_denied']);
  });

  test('whose source is missing loads, and stops the run before it starts', () => {
    const mounts = bindOf(at('srv/later'), '/data');
    expect(checkMounts(mounts, host).problems).toEqual([]);
    expect(() => resolveMounts(mounts, host)).toThrow(coded('mount_source_missing'));
    mkdirSync(at('srv/later'), { mode: 0o755 });
    expect(resolveMounts(mounts, host)).toMatchObject([{ kind: 'bind', realSource: at('srv/later') }]);
  });

  test('whose source became a link to a denied place after loading is refused at launch', () => {
    const mounts = bindOf(at('srv/data'), '/data');
    expect(checkMounts(mounts, host).problems).toEqual([]);
    rmSync(at('srv/data'), { recursive: true });
    symlinkSync('/etc', at('srv/data'));
    expect(() => resolveMounts(mounts, host)).toThrow(coded('mount_denied'));
  });

  test('a bind tells every error of every mount at once', () => {
    const mounts = [
      ...bindOf('/etc', '/usr/x', ''),
      ...bindOf(at('srv/data'), '/run/x', ''),
      ...mountsOf('--tmpfs', '/proc/x'),
    ];
    expect(checkMounts(mounts, host).problems.map(({ code, asWritten }) => [code, asWritten])).toEqual([
      ['mount_denied', mounts[0]?.asWritten],
      ['mount_target_denied', mounts[0]?.asWritten],
      ['mount_target_denied', mounts[1]?.asWritten],
      ['mount_writable', mounts[1]?.asWritten],
      ['mount_target_denied', mounts[2]?.asWritten],
    ]);
  });
});
