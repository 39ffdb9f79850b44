import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IssuesError } from '../../src/base/errors.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { NO_POLICY } from '../../src/policy/policy.ts';
import { faultsOf, ownUid, policyFile, writePolicy } from '../support/profiles/policy-files.ts';
import { size } from '../support/suite/size.ts';

describe('a policy', () => {
  test('a policy that is not set widens nothing and sets no ceiling', () => {
    expect(loadPolicy({ ...policyFile({}), file: undefined })).toEqual(NO_POLICY);
  });

  test('a policy that is empty is one all the same', () => {
    const place = policyFile({});
    expect(loadPolicy(place)).toEqual({ ...NO_POLICY, file: place.file });
  });

  test('a policy has its sizes in bytes and its defaults filled in', () => {
    const place = policyFile({
      images: ['a-*', { name: 'b', digests: [`sha256:${'0'.repeat(64)}`] }],
      mounts: [{ source: '/srv/a' }, { source: '/srv/b', writable: true }],
      volumes: [{ name: 'v' }],
      privateHosts: ['Git.Corp.Example:443'],
      ceilings: { memory: '2g', diskSize: 10485760, workspaceSize: '1.5g', cpus: 0.5, network: 'list' },
    });
    expect(loadPolicy(place)).toEqual({
      ...NO_POLICY,
      file: place.file,
      images: [
        { name: 'a-*', digests: undefined },
        { name: 'b', digests: [`sha256:${'0'.repeat(64)}`] },
      ],
      mounts: [
        { source: '/srv/a', writable: false },
        { source: '/srv/b', writable: true },
      ],
      volumes: [{ name: 'v', writable: false }],
      privateHosts: ['git.corp.example:443'],
      ceilings: {
        memoryBytes: 2 * 1024 ** 3,
        diskBytes: 10 * 1024 ** 2,
        workspaceBytes: 1.5 * 1024 ** 3,
        cpus: 0.5,
        network: 'list',
      },
    });
  });
});

describe('what is written in a policy', () => {
  test.each<[unknown, string[]]>([
    [[], ['policy_wrong_value ']],
    ['{"rootUser": true, "rootUser": false}', ['policy_key_twice /rootUser']],
    ['{"rootUser": true,}', ['policy_not_json']],
    ['{"rootUser": true // yes\n}', ['policy_not_json']],
    ['', ['policy_not_json']],
    [`{"images": ${'['.repeat(100_000)}`, ['policy_not_json']],
    [{ image: ['a'] }, ['policy_unknown_key /image']],
    [{ ceilings: { ram: '1g' } }, ['policy_unknown_key /ceilings/ram']],
    [{ rootUser: 'yes' }, ['policy_wrong_value /rootUser']],
    [{ rootUser: 1 }, ['policy_wrong_value /rootUser']],
    [{ images: 'a' }, ['policy_wrong_value /images']],
    [{ images: [7] }, ['policy_wrong_value /images/0']],
    [{ images: [{ name: 'a' }] }, ['policy_wrong_value /images/0']],
    [{ images: [{ name: 'a', digests: [] }] }, ['policy_wrong_value /images/0/digests']],
    [{ images: [{ name: 'a', digests: ['sha256:AB'] }] }, ['policy_wrong_value /images/0/digests/0']],
    [{ images: ['a b'] }, ['policy_wrong_value /images/0']],
    [{ images: ['a@sha256:00'] }, ['policy_wrong_value /images/0']],
    [{ mounts: [{ source: 'srv' }] }, ['policy_wrong_value /mounts/0/source']],
    [{ mounts: [{ source: '/srv/../etc' }] }, ['policy_wrong_value /mounts/0/source']],
    [{ mounts: [{ source: '/srv/' }] }, ['policy_wrong_value /mounts/0/source']],
    [{ mounts: [{ source: '/' }] }, ['policy_wrong_value /mounts/0/source']],
    [{ mounts: [{ source: '/srv/\u202Etxt' }] }, ['policy_wrong_value /mounts/0/source']],
    [{ mounts: [{ source: '/srv', writeable: true }] }, ['policy_unknown_key /mounts/0/writeable']],
    [{ mounts: ['/srv'] }, ['policy_wrong_value /mounts/0']],
    [{ volumes: [{ name: '../etc' }] }, ['policy_wrong_value /volumes/0/name']],
    [{ volumes: [{ name: '/etc' }] }, ['policy_wrong_value /volumes/0/name']],
    [{ networks: ['host'] }, ['policy_wrong_value /networks/0']],
    [
      { networks: ['none', 'container:x'] },
      ['policy_wrong_value /networks/0', 'policy_wrong_value /networks/1'],
    ],
    [{ privateHosts: ['10.0.0.1:443'] }, ['policy_wrong_value /privateHosts/0']],
    [
      { privateHosts: ['*.corp:443', 'git.corp'] },
      ['policy_wrong_value /privateHosts/0', 'policy_wrong_value /privateHosts/1'],
    ],
    [{ runtimes: ['../runc'] }, ['policy_wrong_value /runtimes/0']],
    [{ ceilings: { memory: '-1' } }, ['policy_wrong_value /ceilings/memory']],
    [{ ceilings: { memory: 0 } }, ['policy_wrong_value /ceilings/memory']],
    [{ ceilings: { memory: '1e9' } }, ['policy_wrong_value /ceilings/memory']],
    [{ ceilings: { diskSize: '5m' } }, ['policy_wrong_value /ceilings/diskSize']],
    [{ ceilings: { cpus: 0 } }, ['policy_wrong_value /ceilings/cpus']],
    [{ ceilings: { pids: 1.5 } }, ['policy_wrong_value /ceilings/pids']],
    [{ ceilings: { network: 'host' } }, ['policy_wrong_value /ceilings/network']],
  ])('%j is an error with its place', (content, issues) => {
    expect(faultsOf(policyFile(content))).toEqual(issues);
  });

  test('what is written in a policy throws all its errors at once, each with a hint', () => {
    const place = policyFile({ image: [], rootUser: 'no', ceilings: { cpus: -1, network: 'all' } });
    try {
      loadPolicy(place);
      expect.unreachable();
    } catch (error) {
      const { issues } = error as IssuesError;
      expect(issues).toHaveLength(4);
      for (const issue of issues)
        expect(issue).toMatchObject({ file: place.file, hint: expect.stringMatching(/./) });
      expect(issues[0]?.message).toContain('`images`');
    }
  });

  test('what is written in a policy never crashes the reader, whatever it is', () => {
    const place = policyFile({});
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 200 })), (content) => {
        writePolicy(place.file, content);
        faultsOf(place);
      }),
      { numRuns: size(100, 5_000) },
    );
  });

  test.each([
    ['larger than any policy', ' '.repeat(300 * 1024)],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('what is written in a policy is not read when it is %s', (_what, content) => {
    expect(faultsOf(policyFile(content))).toEqual(['policy_unreadable']);
  });
});

describe('whose file it is', () => {
  test('a file that others may write is not taken', () => {
    const place = policyFile({});
    for (const mode of [0o664, 0o646, 0o666, 0o777]) {
      chmodSync(place.file, mode);
      expect([mode, faultsOf(place)]).toEqual([mode, ['policy_untrusted']]);
    }
  });

  test('nor one in a directory that others may write, unless it is a sticky one of root', () => {
    const place = policyFile({});
    chmodSync(place.dir, 0o777);
    expect(faultsOf(place)).toEqual(['policy_untrusted']);
    chmodSync(place.dir, 0o1777);
    expect(faultsOf(place)).toEqual(ownUid === 0 ? [] : ['policy_untrusted']);
  });

  test('nor one that another user owns, the one that agents run as among them', () => {
    const place = policyFile({});
    if (ownUid === 0) chownSync(place.file, 1000, 1000);
    const issues = faultsOf(ownUid === 0 ? place : { ...place, uid: ownUid + 1 });
    expect(issues).toContain('policy_untrusted');
  });

  test('nor one that a symbolic link leads to, at the end or on the way', () => {
    const place = policyFile({});
    symlinkSync(place.file, join(place.dir, 'link.json'));
    symlinkSync(place.dir, join(place.dir, 'way'));
    expect(faultsOf({ ...place, file: join(place.dir, 'link.json') })).toEqual(['policy_untrusted']);
    expect(faultsOf({ ...place, file: join(place.dir, 'way/policy.json') })).toEqual(['policy_untrusted']);
  });

  test('nor one among the profiles', () => {
    const place = policyFile({});
    const file = join(place.profilesDir, 'policy.json');
    renameSync(place.file, file);
    expect(faultsOf({ ...place, file })).toEqual(['policy_among_profiles']);
  });

  test('nor what is missing or no file, and it is never taken for no policy', () => {
    const place = policyFile({});
    expect(faultsOf({ ...place, file: join(place.dir, 'gone.json') })).toEqual(['policy_unreadable']);
    expect(faultsOf({ ...place, file: join(place.file, 'below') })).toEqual(['policy_unreadable']);
    mkdirSync(join(place.dir, 'folder'));
    expect(faultsOf({ ...place, file: join(place.dir, 'folder') })).toEqual(['policy_unreadable']);
    expect(faultsOf({ ...place, file: '/dev/null' })).toEqual(['policy_unreadable']);
  });
});
