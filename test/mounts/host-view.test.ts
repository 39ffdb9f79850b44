import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkMounts } from '../../src/mounts/rules/check.ts';
import { isEngineOutside, isSharedPath } from '../../src/mounts/rules/host-view.ts';
import { makeMountHost } from '../support/profiles/mount-host.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'gf-view-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const socket = join(root, 'engine.sock');
writeFileSync(socket, '');

/** What a container sees whose engine's socket and three directories were mounted in. */
const CONTAINER = `
600 500 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=x
601 600 0:51 / /proc rw - proc proc rw
610 600 8:1 /run/docker.sock ${socket} rw - ext4 /dev/sda1 rw
611 600 8:1 /home/user/data /home/user/data ro - ext4 /dev/sda1 rw
612 600 8:1 /home/user/secret /other ro - ext4 /dev/sda1 rw
613 600 8:2 /user/on\\040disk /home/user/on\\040disk ro - ext4 /dev/sdb1 rw
614 600 8:3 / /mnt/disk ro - ext4 /dev/sdc1 rw
`;

describe('a service in a container', () => {
  test('a service in a container has its engine outside when the socket was mounted in or is not there', () => {
    expect(isEngineOutside(socket, CONTAINER)).toBe(true);
    expect(isEngineOutside(join(root, 'gone'), CONTAINER)).toBe(true);
    expect(isEngineOutside(socket, CONTAINER.split('\n').slice(0, 3).join('\n'))).toBe(false);
  });

  test('a service in a container sees of the host what was mounted in under the same path', () => {
    for (const path of ['/home/user/data', '/home/user/data/x/y', '/home/user/on disk/x', '/mnt/disk/x']) {
      expect([path, isSharedPath(path, CONTAINER)]).toEqual([path, true]);
    }
    for (const path of ['/', '/srv/data', '/home/user', '/home/user/data2', '/other', '/other/x']) {
      expect([path, isSharedPath(path, CONTAINER)]).toEqual([path, false]);
    }
  });

  test('a service in a container refuses a source it cannot see under the same path, at load; credentials it copies itself', () => {
    const { root: place, host, remove } = makeMountHost();
    const settings = { ...host, inContainer: true, engineSocket: join(root, 'gone') };
    const bind = { type: 'bind', target: '/data', readOnly: true, asWritten: '' } as const;
    for (const source of ['/srv/gone', join(place, 'srv/data')]) {
      expect(checkMounts([{ ...bind, source }], settings).problems).toMatchObject([
        { code: 'mount_source_unseen' },
      ]);
      expect(checkMounts([{ ...bind, source }], host).problems).toEqual([]);
    }
    const token = { ...bind, source: join(host.secretsDir, 'gh-token'), target: '/run/secrets/gh-token' };
    expect(checkMounts([token], settings).problems).toEqual([]);
    remove();
  });
});
