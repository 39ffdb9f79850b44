import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MountHost } from '../../src/mounts/mount.ts';
import { checkMounts, checkPlanMounts, resolveMounts } from '../../src/mounts/rules/check.ts';
import { bindOf, makeMountHost } from '../support/profiles/mount-host.ts';

let root: string;
let host: MountHost;
let remove: () => void;
beforeEach(() => {
  ({ root, host, remove } = makeMountHost());
});
afterEach(() => remove());

const at = (...names: string[]): string => join(root, ...names);
const coded = (code: string) => expect.objectContaining({ code });

describe('the way to a source', () => {
  const mounts = () => bindOf(at('srv/data/deep'), '/data');
  beforeEach(() => mkdirSync(at('srv/data/deep'), { mode: 0o755 }));

  test.each([0o777, 0o775, 0o757, 0o1777])(
    'the way to a source may be written by nobody else (mode %o)',
    (mode) => {
      chmodSync(at('srv/data'), mode);
      const sticky = mode === 0o1777 && process.getuid?.() === 0;
      if (sticky) expect(resolveMounts(mounts(), host)).toHaveLength(1);
      else expect(() => resolveMounts(mounts(), host)).toThrow(coded('mount_source_untrusted'));
      chmodSync(at('srv/data'), 0o755);
      chmodSync(at('srv/data/deep'), mode);
      expect(() => resolveMounts(mounts(), host)).toThrow(coded('mount_source_untrusted'));
      expect(() => checkPlanMounts([{ source: at('srv/data/deep'), target: '/data' }], host, [])).toThrow(
        coded('mount_source_untrusted'),
      );
    },
  );

  test('belongs to root or to somebody trusted', () => {
    const me = process.getuid?.() ?? 0;
    if (me === 0) {
      chownSync(at('srv/data'), 4321, 4321);
      expect(() => resolveMounts(mounts(), host)).toThrow(coded('mount_source_untrusted'));
      expect(resolveMounts(mounts(), { ...host, trustedUids: [4321] })).toHaveLength(1);
    } else {
      expect(() => resolveMounts(mounts(), { ...host, trustedUids: [] })).toThrow(
        coded('mount_source_untrusted'),
      );
    }
    expect(lstatSync('/').uid).toBe(0);
  });

  test('the way to a source is held to that in the directories of its links too', () => {
    mkdirSync(at('open'), { mode: 0o755 });
    chmodSync(at('open'), 0o777);
    symlinkSync(at('srv/data/deep'), at('open/link'));
    expect(checkMounts(bindOf(at('open/link'), '/data'), host).problems).toEqual([]);
    expect(() => resolveMounts(bindOf(at('open/link'), '/data'), host)).toThrow(
      coded('mount_source_untrusted'),
    );
  });

  test('the way to a source that the service may not search is refused at launch, not at load', () => {
    if (process.getuid?.() === 0) return expect(resolveMounts(mounts(), host)).toHaveLength(1);
    chmodSync(at('srv/data'), 0o000);
    expect(checkMounts(mounts(), host).problems).toEqual([]);
    expect(() => resolveMounts(mounts(), host)).toThrow(coded('mount_source_unreadable'));
    return chmodSync(at('srv/data'), 0o755);
  });
});
