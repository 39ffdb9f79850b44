import { cpSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/workspaces/git.ts';
import { makeMirrorLab, REPOSITORY } from '../support/git/mirror-lab.ts';
import { git, makeRepository, manyFiles } from '../support/git/repository.ts';

describe('a mirror', () => {
  test('is a bare repository under the numeric id, for the service’s user alone', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    const fetched = await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
    expect(fetched).toEqual({ mirror: join(lab.mirrorDir, '7.git'), commit, ref: 'refs/heads/main' });
    expect(git(fetched.mirror, ['rev-parse', '--is-bare-repository'])).toBe('true');
    expect(statSync(lab.mirrorDir).mode & 0o777).toBe(0o700);
    expect(statSync(fetched.mirror).mode & 0o777).toBe(0o700);
    expect(readdirSync(lab.mirrorDir)).toEqual(['7.git']);
  });

  test('keeps no address, so that a renamed repository keeps its mirror', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    const { mirror } = await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
    expect(readFileSync(join(mirror, 'config'), 'utf8')).not.toContain('127.0.0.1');
    const renamed = makeRepository(lab.served, 'other', 'name');
    renameSync(join(lab.served, 'owner', 'repository.git', 'objects'), join(lab.served, 'moved'));
    git(renamed.path, ['fetch', '-q', '--update-head-ok', mirror, '+refs/*:refs/*']);
    const commit = renamed.commit({ 'a.txt': 'two' });
    const again = await lab.mirrors.fetch({ id: 7, owner: 'other', name: 'name' }, { ref: 'main' });
    expect(again).toMatchObject({ mirror, commit });
  });

  test('names the default branch as its HEAD, whatever it is called', async () => {
    const lab = await makeMirrorLab();
    lab.origin.git('symbolic-ref', 'HEAD', 'refs/heads/trünk/one');
    const commit = lab.origin.commit({ 'a.txt': 'one' }, { ref: 'refs/heads/trünk/one' });
    const { mirror } = await lab.mirrors.fetch(REPOSITORY, { sha: commit });
    expect(git(mirror, ['symbolic-ref', 'HEAD'])).toBe('refs/heads/trünk/one');
    expect(await lab.mirrors.fetch(REPOSITORY, {})).toMatchObject({ commit, ref: 'refs/heads/trünk/one' });
    lab.origin.git('branch', '-m', 'trünk/one', 'main');
    expect(await lab.mirrors.fetch(REPOSITORY, {})).toMatchObject({ commit, ref: 'refs/heads/main' });
  });

  test('has a pack for each fetch, and joins them before there are many', async () => {
    const lab = await makeMirrorLab();
    lab.origin.git('config', 'fastimport.unpackLimit', '1');
    const pushAndFetch = async (text: string) =>
      await lab.mirrors.fetch(REPOSITORY, { sha: lab.origin.commit({ 'a.txt': text }) });
    const { mirror } = await pushAndFetch('first');
    const packs = () =>
      readdirSync(join(mirror, 'objects/pack')).filter((name) => name.endsWith('.pack')).length;
    expect(packs()).toBe(1);
    await pushAndFetch('second');
    expect(packs()).toBe(2);
    for (let index = 0; index < 39; index += 1) lab.origin.commit({ 'a.txt': `${index}` });
    // As 39 more fetches would leave them.
    cpSync(join(lab.origin.path, 'objects/pack'), join(mirror, 'objects/pack'), { recursive: true });
    expect(packs()).toBeGreaterThan(40);
    const { commit } = await pushAndFetch('last');
    expect(packs()).toBeLessThan(10);
    expect(git(mirror, ['rev-list', '--count', commit])).toBe('42');
    git(mirror, ['fsck', '--full', '--strict']);
  });
});

describe('a fetch', () => {
  test('of a branch gets its newest commit, also after a forced push', async () => {
    const lab = await makeMirrorLab();
    for (const [text, force] of [
      ['one', false],
      ['two', false],
      ['three', true],
    ] as const) {
      const commit = lab.origin.commit({ 'a.txt': text }, { force });
      expect((await lab.mirrors.fetch(REPOSITORY, { ref: 'main' })).commit).toBe(commit);
    }
  });

  test('of a commit that is there asks nobody, whatever the branch became', async () => {
    const lab = await makeMirrorLab();
    const old = lab.origin.commit({ 'a.txt': 'one' });
    await lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
    lab.origin.commit({ 'a.txt': 'two' }, { force: true });
    lab.server.requests.length = 0;
    expect(await lab.mirrors.fetch(REPOSITORY, { sha: old, ref: 'main' })).toMatchObject({
      commit: old,
      ref: 'refs/heads/main',
    });
    expect(await lab.mirrors.fetch(REPOSITORY, { ref: old })).toMatchObject({ commit: old, ref: old });
    expect(lab.server.requests).toEqual([]);
  });

  test('of a commit that no branch has any more gets it by its own id', async () => {
    const lab = await makeMirrorLab();
    const lost = lab.origin.commit({ 'a.txt': 'one' });
    lab.origin.commit({ 'a.txt': 'two' }, { force: true });
    expect((await lab.mirrors.fetch(REPOSITORY, { sha: lost })).commit).toBe(lost);
  });

  test('takes tags, annotated ones too, full refs, and a branch before a tag of its name', async () => {
    const lab = await makeMirrorLab();
    const first = lab.origin.commit({ 'a.txt': 'one' });
    git(lab.origin.path, ['tag', '-a', '-m', 'annotated', 'v1', first]);
    lab.origin.git('update-ref', 'refs/notes/odd', first);
    const second = lab.origin.commit({ 'a.txt': 'two' });
    lab.origin.git('tag', 'main', first);
    const cases: [string, string, string][] = [
      ['v1', first, 'refs/tags/v1'],
      ['refs/tags/v1', first, 'refs/tags/v1'],
      ['main', second, 'refs/heads/main'],
      ['refs/tags/main', first, 'refs/tags/main'],
      ['refs/notes/odd', first, 'refs/notes/odd'],
    ];
    for (const [asked, commit, ref] of cases)
      expect(await lab.mirrors.fetch(REPOSITORY, { ref: asked })).toMatchObject({ commit, ref });
  });

  test('takes the head and the merge of a pull request, also from a fork', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    const head = lab.origin.commit({ 'b.txt': 'fork' }, { ref: 'refs/pull/12/head' });
    const merge = lab.origin.commit({ 'c.txt': 'merge' }, { ref: 'refs/pull/12/merge' });
    const want = (kind: 'head' | 'merge') => ({ pullRequest: { number: 12, kind } });
    expect(await lab.mirrors.fetch(REPOSITORY, want('head'))).toMatchObject({
      commit: head,
      ref: 'refs/pull/12/head',
    });
    expect(await lab.mirrors.fetch(REPOSITORY, want('merge'))).toMatchObject({ commit: merge });
    const pushed = lab.origin.commit({ 'b.txt': 'newer' }, { ref: 'refs/pull/12/head' });
    expect(await lab.mirrors.fetch(REPOSITORY, { ...want('head'), sha: pushed })).toMatchObject({
      commit: pushed,
      ref: 'refs/pull/12/head',
    });
  });

  test('follows branches that go, and one whose name becomes a directory', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    lab.origin.commit({ 'b.txt': 'one' }, { ref: 'refs/heads/topic' });
    await lab.mirrors.fetch(REPOSITORY, { ref: 'topic' });
    lab.origin.git('update-ref', '-d', 'refs/heads/topic');
    const deeper = lab.origin.commit({ 'c.txt': 'one' }, { ref: 'refs/heads/topic/deeper' });
    expect((await lab.mirrors.fetch(REPOSITORY, { ref: 'topic/deeper' })).commit).toBe(deeper);
    await expect(lab.mirrors.fetch(REPOSITORY, { ref: 'topic' })).rejects.toMatchObject({
      code: 'ref_not_found',
    });
  });

  test('tells how far it is', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit(manyFiles(300));
    const seen: Progress[] = [];
    await lab.mirrors.fetch(REPOSITORY, {}, { onProgress: (progress) => seen.push(progress) });
    expect(seen).toContainEqual({ stage: 'Receiving objects', percent: 100 });
  });

  test('works from a directory, for trying things out', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    const mirrors = lab.make({ serverUrl: `file://${lab.served}/` });
    expect(await mirrors.fetch(REPOSITORY, {})).toMatchObject({ commit, ref: 'refs/heads/main' });
    await expect(mirrors.fetch({ ...REPOSITORY, id: 8, name: 'other' }, {})).rejects.toMatchObject({
      code: 'repository_not_found',
    });
  });
});
