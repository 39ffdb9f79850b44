import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { pushCommit } from '../../src/workspaces/mirrors/push.ts';
import type { WantedCommit } from '../../src/workspaces/mirrors/wanted-commit.ts';
import { createRemotes } from '../../src/workspaces/remote.ts';
import { makeMirrorLab, REPOSITORY } from '../support/git/mirror-lab.ts';
import { makeRepository, manyFiles } from '../support/git/repository.ts';

describe('a server that does not give the repository', () => {
  test.each([
    [401, 'repository_login_refused'],
    [403, 'repository_forbidden'],
    [404, 'repository_not_found'],
    [410, 'repository_not_found'],
    [429, 'repository_unreachable'],
    [500, 'repository_unreachable'],
    [503, 'repository_unreachable'],
  ])(
    'with status %i is %s, at the first fetch and at later ones, in its own words where it has any',
    async (status, code) => {
      const lab = await makeMirrorLab();
      const commit = lab.origin.commit({ 'a.txt': 'one' });
      lab.server.mood.status = status;
      lab.server.mood.words = 'The organization has an IP allow list enabled.';
      const own = [403, 404, 410].includes(status) ? '.* said: “The organization has an IP allow list' : '';
      const message = expect.stringMatching(`${lab.server.url}/owner/repository.git${own}`);
      const expected = { code, message };
      await expect(lab.mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject(expected);
      expect(readdirSync(lab.mirrorDir)).toEqual([]);
      lab.server.mood.status = undefined;
      await lab.mirrors.fetch(REPOSITORY, {});
      lab.server.mood.status = status;
      await expect(lab.mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject(expected);
      expect((await lab.mirrors.fetch(REPOSITORY, { sha: commit })).commit).toBe(commit);
    },
  );

  test('because it does not know a young token yet is asked again, and gives it', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    lab.server.mood.status = 401;
    const waits: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      if (waits.push(ms) === 2) lab.server.mood.status = undefined;
    };
    const clock = { ...systemClock, sleep };
    const patient = lab.make({ young: { isYoung: (repository) => repository.id === REPOSITORY.id, clock } });
    expect((await patient.fetch(REPOSITORY, {})).commit).toBe(commit);
    expect(waits).toEqual([1_000, 2_000]);
    lab.server.mood.status = 401;
    const old = lab.make({ young: { isYoung: () => false, clock } });
    await expect(old.fetch(REPOSITORY, {})).rejects.toMatchObject({ code: 'repository_login_refused' });
    expect(waits).toHaveLength(2);
  });

  test('to push to because it does not know a young token yet, though everybody may read it, is asked again', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    Object.assign(lab.server.mood, { accepts: () => true, pushStatus: 401 });
    const sleep = async (): Promise<void> => {
      lab.server.mood.pushStatus = undefined;
    };
    const remote = createRemotes({
      serverUrl: lab.server.url,
      credentialEnv: async () => ({
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'http.extraHeader',
        GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from('x:y').toString('base64')}`,
      }),
      ...{ hostEnv: {}, cwd: lab.dir, stallSec: 1, mask: (text) => text },
      young: { isYoung: () => true, clock: { ...systemClock, sleep } },
    })(REPOSITORY);
    const push = { repository: lab.origin.path, commit, branch: 'new', expected: undefined, name: 'x' };
    expect(await pushCommit(remote, push, new AbortController().signal)).toEqual([]);
    expect(lab.origin.git('rev-parse', 'refs/heads/new')).toBe(commit);
  });

  test('because it is not there is unreachable', async () => {
    const lab = await makeMirrorLab();
    await lab.server.close();
    await expect(lab.mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({
      code: 'repository_unreachable',
      hint: expect.stringContaining('git ls-remote'),
    });
  });

  test('because its name does not resolve is unreachable', async () => {
    const lab = await makeMirrorLab();
    const mirrors = lab.make({ serverUrl: 'http://nowhere.invalid' });
    await expect(mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({ code: 'repository_unreachable' });
  });

  test('because it falls silent is given up', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    lab.server.mood.silent = true;
    const mirrors = lab.make({ stallSec: 1 });
    await expect(mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({ code: 'repository_unreachable' });
  });

  test('because the connection breaks each time fails with git’s words, and the next fetch works', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit(manyFiles(400));
    lab.server.mood.cutAfterBytes = 20_000;
    await expect(lab.mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({ code: 'fetch_failed' });
    expect(readdirSync(lab.mirrorDir)).toEqual([]);
    lab.server.mood.cutAfterBytes = undefined;
    expect((await lab.mirrors.fetch(REPOSITORY, {})).commit).toBe(commit);
  });

  test('because it has no commit is empty, and not any more after the first one', async () => {
    const lab = await makeMirrorLab();
    for (const want of [{}, { ref: 'main' }, { sha: 'a'.repeat(40) }] satisfies WantedCommit[])
      await expect(lab.mirrors.fetch(REPOSITORY, want)).rejects.toMatchObject({ code: 'repository_empty' });
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    expect((await lab.mirrors.fetch(REPOSITORY, {})).commit).toBe(commit);
  });
});

describe('a want that cannot be met', () => {
  test.each<[WantedCommit, string]>([
    [{ ref: 'missing' }, 'ref_not_found'],
    [{ ref: 'refs/heads/missing' }, 'ref_not_found'],
    [{ ref: 'refs/tags/of-a-blob' }, 'ref_not_found'],
    [{ pullRequest: { number: 9, kind: 'head' } }, 'ref_not_found'],
    [{ pullRequest: { number: 9, kind: 'merge' } }, 'ref_not_found'],
    [{ sha: '1'.repeat(40) }, 'commit_not_found'],
    [{ ref: '0'.repeat(40) }, 'commit_not_found'],
    [{ sha: '1'.repeat(40), pullRequest: { number: 9, kind: 'head' } }, 'commit_not_found'],
  ])('%j is %s', async (want, code) => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    lab.origin.git('tag', 'of-a-blob', 'refs/heads/main:a.txt');
    await expect(lab.mirrors.fetch(REPOSITORY, want)).rejects.toMatchObject({ code });
  });

  test.each<[WantedCommit, string]>([
    [{ ref: '--upload-pack=touch /tmp/owned' }, 'ref_refused'],
    [{ ref: '-x' }, 'ref_refused'],
    [{ ref: 'a..b' }, 'ref_refused'],
    [{ ref: 'refs/heads/*' }, 'ref_refused'],
    [{ ref: 'main:refs/heads/evil' }, 'ref_refused'],
    [{ ref: 'main\nHEAD' }, 'ref_refused'],
    [{ ref: '' }, 'ref_refused'],
    [{ ref: '@' }, 'ref_refused'],
    [{ ref: 'x'.repeat(300) }, 'ref_refused'],
    [{ pullRequest: { number: -1, kind: 'head' } }, 'ref_refused'],
    [{ pullRequest: { number: 1.5, kind: 'head' } }, 'ref_refused'],
    [{ sha: 'HEAD' }, 'commit_refused'],
    [{ sha: 'A'.repeat(40) }, 'commit_refused'],
    [{ sha: `${'a'.repeat(40)}\n` }, 'commit_refused'],
  ])('%j never reaches git: %s', async (want, code) => {
    const lab = await makeMirrorLab();
    await expect(lab.mirrors.fetch(REPOSITORY, want)).rejects.toMatchObject({ code });
    expect(lab.server.requests).toEqual([]);
    expect(existsSync(lab.mirrorDir)).toBe(false);
  });

  test.each([
    [{ ...REPOSITORY, owner: '..' }, 'name_refused'],
    [{ ...REPOSITORY, name: 'a/b' }, 'name_refused'],
    [{ ...REPOSITORY, name: '' }, 'name_refused'],
    [{ ...REPOSITORY, name: 'a\u0000' }, 'name_refused'],
    [{ ...REPOSITORY, id: 0 }, 'repository_id_refused'],
    [{ ...REPOSITORY, id: Number.NaN }, 'repository_id_refused'],
    [{ ...REPOSITORY, id: '../7' as unknown as number }, 'repository_id_refused'],
  ])('%j never reaches git: %s', async (repository, code) => {
    const lab = await makeMirrorLab();
    await expect(lab.mirrors.fetch(repository, {})).rejects.toMatchObject({ code });
    expect(lab.server.requests).toEqual([]);
  });

  test.each([
    'https://user@host',
    'https://:token@host',
    'ssh://host',
    'ext::sh -c id',
    'http://host/?a=b',
    '/srv/git',
    '',
  ])('the server address %j is refused', async (serverUrl) => {
    const lab = await makeMirrorLab();
    expect(() => lab.make({ serverUrl })).toThrow(expect.objectContaining({ code: 'server_url_refused' }));
  });
});

test('a repository without the wanted name beside another one is not found', async () => {
  const lab = await makeMirrorLab();
  makeRepository(lab.served, 'owner', 'other').commit({ 'a.txt': 'one' });
  await expect(lab.mirrors.fetch({ id: 9, owner: 'owner', name: 'gone' }, {})).rejects.toMatchObject({
    code: 'repository_not_found',
  });
});
