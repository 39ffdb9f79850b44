import { describe, expect, test, vi } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { type MirrorLab, makeMirrorLab, REPOSITORY } from '../support/git/mirror-lab.ts';
import { manyFiles } from '../support/git/repository.ts';

const cancelled = new FlowError({
  code: 'run_cancelled',
  blame: 'operator',
  message: 'Stop.',
  hint: 'None.',
});

const askedToBeSilent = async (lab: MirrorLab): Promise<void> => {
  await vi.waitFor(() => expect(lab.server.requests.length).toBeGreaterThan(0), { timeout: 10_000 });
};

const gitChildren = async (lab: MirrorLab): Promise<void> => {
  await vi.waitFor(() => expect(lab.server.fetches.now).toBe(0), { timeout: 10_000 });
};

describe('callers of one repository', () => {
  test('share fetches, and never two run at once', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    lab.server.mood.delayMs = 30;
    const all = await Promise.all(
      Array.from({ length: 40 }, async () => await lab.mirrors.fetch(REPOSITORY, { ref: 'main' })),
    );
    expect(new Set(all.map((each) => each.commit))).toEqual(new Set([commit]));
    expect(lab.log.filter((line) => line.msg === 'fetched into the mirror')).toHaveLength(1);
    expect(lab.server.fetches.most).toBe(1);
  });

  test('callers of one repository that come while one fetch runs get what was pushed meanwhile', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    lab.server.mood.delayMs = 150;
    const early = lab.mirrors.fetch(REPOSITORY, { ref: 'main' });
    await askedToBeSilent(lab);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const newest = lab.origin.commit({ 'a.txt': 'two' });
    const late = await Promise.all([
      lab.mirrors.fetch(REPOSITORY, { ref: 'main' }),
      lab.mirrors.fetch(REPOSITORY, { ref: 'main' }),
    ]);
    await early;
    expect(late.map((each) => each.commit)).toEqual([newest, newest]);
    expect(lab.log.filter((line) => line.msg === 'fetched into the mirror')).toHaveLength(2);
  });

  test('callers of one repository do not fail for what another one wants in vain', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    const wants = [
      { ref: 'main' },
      { ref: 'missing' },
      { pullRequest: { number: 404, kind: 'head' } as const },
      { sha: 'e'.repeat(40) },
      { sha: commit },
    ];
    const all = await Promise.allSettled(
      wants.map(async (want) => await lab.mirrors.fetch(REPOSITORY, want)),
    );
    expect(all.map((each) => (each.status === 'fulfilled' ? each.value.commit : each.reason.code))).toEqual([
      commit,
      'ref_not_found',
      'ref_not_found',
      'commit_not_found',
      commit,
    ]);
    expect(lab.server.fetches.most).toBe(1);
  });

  test('callers of one repository with different credentials do not share a fetch', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit({ 'a.txt': 'one' });
    const asked: (string | undefined)[] = [];
    const mirrors = lab.make({
      credentialEnv: async ({ tokenFile }) => {
        asked.push(tokenFile);
        return {};
      },
    });
    const all = await Promise.all(
      ['/one', '/two'].map(
        async (tokenFile) => await mirrors.fetch({ ...REPOSITORY, tokenFile }, { ref: 'main' }),
      ),
    );
    expect(all.map((each) => each.commit)).toEqual([commit, commit]);
    expect(new Set(asked)).toEqual(new Set(['/one', '/two']));
    expect(lab.server.fetches.most).toBe(1);
  });

  test('callers of one repository of different repositories do not wait for each other', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    lab.server.mood.silent = true;
    const controller = new AbortController();
    const stuck = lab.mirrors.fetch(REPOSITORY, {}, { signal: controller.signal }).catch(() => 'left');
    await askedToBeSilent(lab);
    lab.server.mood.silent = false;
    await lab.mirrors.fetch({ ...REPOSITORY, id: 8 }, {});
    controller.abort(cancelled);
    expect(await stuck).toBe('left');
  });
});

describe('a caller that leaves', () => {
  test('a caller that leaves leaves at once, for its own reason, and as the last one ends the fetch', async () => {
    const lab = await makeMirrorLab();
    lab.origin.commit({ 'a.txt': 'one' });
    lab.server.mood.silent = true;
    const controller = new AbortController();
    const fetch = lab.mirrors.fetch(REPOSITORY, {}, { signal: controller.signal });
    await askedToBeSilent(lab);
    controller.abort(cancelled);
    await expect(fetch).rejects.toBe(cancelled);
    lab.server.mood.silent = false;
    const startedAt = performance.now();
    await lab.mirrors.fetch(REPOSITORY, {});
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    await gitChildren(lab);
  });

  test('a caller that leaves does not end the fetch of those who stay', async () => {
    const lab = await makeMirrorLab();
    const commit = lab.origin.commit(manyFiles(100));
    lab.server.mood.delayMs = 200;
    const controller = new AbortController();
    const leaves = lab.mirrors.fetch(REPOSITORY, {}, { signal: controller.signal });
    const stays = lab.mirrors.fetch(REPOSITORY, {});
    await askedToBeSilent(lab);
    controller.abort(cancelled);
    await expect(leaves).rejects.toBe(cancelled);
    expect((await stays).commit).toBe(commit);
    expect(lab.log.filter((line) => line.msg === 'fetched into the mirror')).toHaveLength(1);
  });

  test('before it began asks nobody', async () => {
    const lab = await makeMirrorLab();
    await expect(lab.mirrors.fetch(REPOSITORY, {}, { signal: AbortSignal.abort(cancelled) })).rejects.toBe(
      cancelled,
    );
    expect(lab.server.requests).toEqual([]);
  });
});
