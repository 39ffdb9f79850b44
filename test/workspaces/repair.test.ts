import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkout } from '../../src/workspaces/checkouts/checkout.ts';
import { findStore } from '../../src/workspaces/mirrors/apart.ts';
import { type MirrorLab, makeMirrorLab, REPOSITORY, RUN_OWNER } from '../support/git/mirror-lab.ts';
import { git, manyFiles } from '../support/git/repository.ts';
import { spawnProgram } from '../support/processes/spawn-program.ts';

const PROGRAM = `
import { createMirrors } from ${JSON.stringify(join(import.meta.dirname, '../../src/workspaces/mirrors/mirror.ts'))};
import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../src/base/clock.ts'))};
const [dir, serverUrl] = process.argv.slice(1);
const log = { debug() {}, warn() {} };
const mirrors = createMirrors({ dir, serverUrl, clock: systemClock, log, credentialEnv: async () => ({}) });
await mirrors.fetch({ id: 7, owner: 'owner', name: 'repository' }, {});
`;

/** The same fetch in a process of its own, which can be killed. */
function fetchElsewhere(lab: MirrorLab): ChildProcess {
  const args = ['--input-type=module', '--eval', PROGRAM, '--', lab.mirrorDir, lab.server.url];
  const child = spawnProgram(process.execPath, args, { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('a fetch that was killed', () => {
  test.each([0, 3])('at request %i leaves nothing that the next one does not hint', async (requests) => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    if (requests > 0) await lab.mirrors.fetch(REPOSITORY, {});
    const commit = lab.origin.commit(manyFiles(300));
    lab.server.mood.delayMs = 100;
    lab.server.requests.length = 0;
    const child = fetchElsewhere(lab);
    await vi.waitFor(() => expect(lab.server.requests.length).toBeGreaterThan(requests > 0 ? 1 : 0), 10_000);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    lab.server.mood.delayMs = 0;
    expect((await lab.mirrors.fetch(REPOSITORY, {})).commit).toBe(commit);
    expect(readdirSync(lab.mirrorDir)).toEqual(['7.git']);
    git(join(lab.mirrorDir, '7.git'), ['fsck', '--full']);
  });

  test('a fetch that was killed leaves no lock or half-received pack behind that matters', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    const { mirror } = await lab.mirrors.fetch(REPOSITORY, {});
    const left = [
      'packed-refs.lock',
      'HEAD.lock',
      'config.lock',
      'shallow.lock',
      'refs/heads/main.lock',
      'refs/heads/topic/one.lock',
      'objects/pack/tmp_pack_AbCdEf',
      'objects/pack/.tmp-12-pack-00.pack',
      'objects/info/commit-graphs/commit-graph-chain.lock',
    ];
    mkdirSync(join(mirror, 'refs/heads/topic'), { recursive: true });
    mkdirSync(join(mirror, 'objects/info/commit-graphs'), { recursive: true });
    for (const path of left) writeFileSync(join(mirror, path), 'stale');
    mkdirSync(`${mirror}.half/objects`, { recursive: true });
    mkdirSync(join(lab.mirrorDir, '70.git.other'));
    const commit = lab.origin.commit({ 'a.txt': 'two' });
    expect((await lab.mirrors.fetch(REPOSITORY, {})).commit).toBe(commit);
    expect(left.filter((path) => existsSync(join(mirror, path)))).toEqual([]);
    expect(readdirSync(lab.mirrorDir)).toEqual(['7.git', '70.git.other']);
  });
});

test('a mirror that git cannot read any more is made anew, and the log says so', async () => {
  const lab = await makeMirrorLab();
  lab.origin.commit({ 'a.txt': 'one' });
  const { mirror } = await lab.mirrors.fetch(REPOSITORY, {});
  rmSync(join(mirror, 'objects'), { recursive: true });
  await lab.mirrors.fetch(REPOSITORY, {});
  expect(lab.log.map((line) => line.msg)).toContain('a mirror was damaged, and was made anew');
});

test('a mirror that is made anew keeps what only its pull requests brought, but for what lacks a deleted branch', async () => {
  const lab = await makeMirrorLab();
  const base = lab.origin.commit({ 'a.txt': 'one' });
  const pull = async (number: number, parent: string) => {
    lab.origin.git('update-ref', `refs/pull/${number}/head`, parent);
    const commit = lab.origin.commit({ [`${number}.txt`]: 'theirs' }, { ref: `refs/pull/${number}/head` });
    const fetched = await lab.mirrors.fetch(REPOSITORY, { pullRequest: { number, kind: 'head' } });
    expect(fetched.commit).toBe(commit);
    return fetched;
  };
  lab.origin.git('update-ref', 'refs/heads/topic', base);
  const topic = lab.origin.commit({ 'topic.txt': 'x' }, { ref: 'refs/heads/topic' });
  const onMain = await pull(1, base);
  const onTopic = await pull(2, topic);
  lab.origin.git('update-ref', '-d', 'refs/heads/topic');
  lab.origin.git('update-ref', '-d', 'refs/pull/1/head');
  const mirror = join(lab.mirrorDir, '7.git');
  rmSync(join(mirror, 'objects'), { recursive: true });
  await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
  expect(lab.log.map((line) => line.msg)).toContain('a mirror was damaged, and was made anew');
  expect(await findStore(mirror, onMain.commit)).toBe(onMain.mirror);
  const repo = join(lab.dir, 'repo');
  const originUrl = 'https://github.com/owner/repository.git';
  await checkout({ ...onMain, branch: 'main', dir: repo, owner: RUN_OWNER, originUrl });
  expect(git(repo, ['-c', 'safe.directory=*', 'status', '--porcelain'])).toBe('');
  expect(await findStore(mirror, onTopic.commit)).toBeUndefined();
  const again = await lab.mirrors.fetch(REPOSITORY, { pullRequest: { number: 2, kind: 'head' } });
  expect(again).toEqual(onTopic);
  git(again.mirror, ['fsck', '--connectivity-only']);
});

describe('a damaged mirror', () => {
  test.each<[string, (mirror: string) => void]>([
    ['without its HEAD', (mirror) => rmSync(join(mirror, 'HEAD'))],
    ['with an empty HEAD', (mirror) => truncateSync(join(mirror, 'HEAD'))],
    ['without objects', (mirror) => rmSync(join(mirror, 'objects'), { recursive: true })],
    [
      'without its packs',
      (mirror) => globSync(`${mirror}/objects/pack/*`).forEach((path) => void rmSync(path)),
    ],
    [
      'with cut packs',
      (mirror) => {
        for (const path of globSync(`${mirror}/objects/pack/*.pack`)) {
          chmodSync(path, 0o600);
          truncateSync(path, 20);
        }
      },
    ],
    ['with a torn config', (mirror) => writeFileSync(join(mirror, 'config'), '[core\n')],
    ['with torn refs', (mirror) => writeFileSync(join(mirror, 'packed-refs'), 'nonsense\n')],
    [
      'that is an empty directory',
      (mirror) => readdirSync(mirror).forEach((name) => void rmSync(join(mirror, name), { recursive: true })),
    ],
  ])('%s is whole again after the next fetch of a branch', async (_title, damage) => {
    const lab = await makeMirrorLab();
    lab.origin.commit(manyFiles(20));
    const { mirror } = await lab.mirrors.fetch(REPOSITORY, {});
    damage(mirror);
    const commit = lab.origin.commit({ 'a.txt': 'two' });
    expect((await lab.mirrors.fetch(REPOSITORY, { ref: 'main' })).commit).toBe(commit);
    expect(git(mirror, ['rev-list', '--count', 'main'])).toBe('2');
    expect(readdirSync(lab.mirrorDir)).toEqual(['7.git']);
    const repo = join(lab.dir, 'repo');
    const originUrl = 'https://github.com/owner/repository.git';
    await checkout({ mirror, commit, branch: 'main', dir: repo, owner: RUN_OWNER, originUrl });
    expect(git(repo, ['-c', 'safe.directory=*', 'status', '--porcelain'])).toBe('');
  });
});

test.each([
  ['before the new one had its place', false],
  ['before the new one had its stores', true],
])(
  'a service that ended while a mirror was replaced, %s, keeps what only its pull requests brought',
  async (_when, isReplaced) => {
    const lab = await makeMirrorLab();
    const base = lab.origin.commit({ 'a.txt': 'one' });
    lab.origin.git('update-ref', 'refs/pull/1/head', base);
    const commit = lab.origin.commit({ '1.txt': 'theirs' }, { ref: 'refs/pull/1/head' });
    await lab.mirrors.fetch(REPOSITORY, { pullRequest: { number: 1, kind: 'head' } });
    lab.origin.git('update-ref', '-d', 'refs/pull/1/head');
    const mirror = join(lab.mirrorDir, '7.git');
    renameSync(mirror, `${mirror}.abcdefgh`);
    if (isReplaced) cpSync(`${mirror}.abcdefgh`, mirror, { recursive: true });
    if (isReplaced) rmSync(join(mirror, 'apart'), { recursive: true });
    if (isReplaced) mkdirSync(join(mirror, 'apart'));
    await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
    expect(await findStore(mirror, commit)).toBe(join(mirror, 'apart/pull-1'));
    expect(readdirSync(lab.mirrorDir)).toEqual(['7.git']);
  },
);
