import { expect, test } from 'vitest';
import type { FlowEvent } from '../../src/events/event.ts';
import { pinHead, withPinnedHead } from '../../src/flow/admission/checkout-rule.ts';
import { fetchSource } from '../../src/flow/prepare/clone-source.ts';
import type { CheckoutRule, Profile } from '../../src/profiles/profile.ts';
import { mainMirror } from '../../src/workspaces/mirrors/apart.ts';
import { branchesWith } from '../../src/workspaces/mirrors/branches.ts';
import { type MirrorLab, makeMirrorLab, REPOSITORY } from '../support/git/mirror-lab.ts';
import { commentEvent, profileOf } from '../support/github/flow-events.ts';

const NEVER = new AbortController().signal;
const PULL = 'refs/pull/7/head';

function rule(from: CheckoutRule['from']): Profile {
  return { ...profileOf('p', {}), checkout: { from, ref: undefined, depth: undefined, agentConfig: 'head' } };
}

/** A comment on pull request 7, which does not say where its head is. */
const COMMENT = {
  ...commentEvent({}),
  repository: { ...REPOSITORY, fullName: 'owner/repository', defaultBranch: 'main', private: false },
  pullRequest: { number: 7, headSha: undefined, baseSha: undefined },
} as unknown as FlowEvent;

async function fetched(lab: MirrorLab, profile: Profile, event: FlowEvent) {
  return await fetchSource(lab.mirrors, { profile, event, repository: REPOSITORY }, NEVER);
}

test('what a fork pushes between the comment and the start does not run, and neither does what it rewrites', async () => {
  const lab = await makeMirrorLab();
  lab.origin.commit({ 'a.txt': '1' });
  const seen = lab.origin.commit({ 'b.txt': 'looked at' }, { ref: PULL });
  const lookups = { pullHead: async () => lab.origin.git('rev-parse', PULL) };
  const headSha = await pinHead(lookups, rule('auto'), COMMENT);
  expect(headSha).toBe(seen);
  const event = withPinnedHead(COMMENT, { headSha: seen });
  lab.origin.commit({ 'c.txt': 'evil' }, { ref: PULL });
  expect(await fetched(lab, rule('auto'), event)).toMatchObject({ commit: seen });
  lab.origin.commit({ 'c.txt': 'other' }, { ref: PULL, force: true });
  expect(await fetched(lab, rule('pull-request-head'), event)).toMatchObject({ commit: seen });
});

test('the merge of another head than the pinned one is not checked out', async () => {
  const lab = await makeMirrorLab();
  const base = lab.origin.commit({ 'a.txt': '1' });
  const head = lab.origin.commit({ 'b.txt': '2' }, { ref: PULL });
  const tree = lab.origin.git('rev-parse', `${head}^{tree}`);
  const merge = lab.origin.git('commit-tree', '-p', base, '-p', head, '-m', 'Merge', tree);
  lab.origin.git('update-ref', 'refs/pull/7/merge', merge);
  const pinned = withPinnedHead(COMMENT, { headSha: head });
  expect(await fetched(lab, rule('pull-request-merge'), pinned)).toMatchObject({ commit: merge });
  const other = withPinnedHead(COMMENT, { headSha: base.replace(/^./, 'f') });
  await expect(fetched(lab, rule('pull-request-merge'), other)).rejects.toMatchObject({
    code: 'checkout_head_moved',
  });
});

test('a head is pinned only where the run works on it and the event does not say it', async () => {
  const lookups = { pullHead: async () => 'd'.repeat(40) };
  const told = withPinnedHead(COMMENT, { headSha: 'e'.repeat(40) });
  expect(await pinHead(lookups, rule('default-branch'), COMMENT)).toBeNull();
  expect(await pinHead(lookups, rule('auto'), told)).toBeNull();
  expect(withPinnedHead(told, { headSha: 'd'.repeat(40) })).toBe(told);
  const silent = { pullHead: async () => await Promise.reject(new Error('away')) };
  expect(await pinHead(silent, rule('auto'), COMMENT)).toMatchObject({ code: 'internal_error' });
});

test('the default branch is the one of now, also when its old name is another branch, or a tag', async () => {
  const lab = await makeMirrorLab();
  const old = lab.origin.commit({ 'a.txt': '1' });
  const now = lab.origin.commit({ 'a.txt': '2' }, { ref: 'refs/heads/trunk' });
  lab.origin.git('tag', 'main', old);
  lab.origin.git('symbolic-ref', 'HEAD', 'refs/heads/trunk');
  const event = { ...COMMENT, pullRequest: undefined };
  expect(await fetched(lab, rule('auto'), event)).toMatchObject({ commit: now, home: 'trunk' });
  lab.origin.git('update-ref', '-d', 'refs/heads/main');
  expect(await fetched(lab, rule('default-branch'), event)).toMatchObject({ commit: now, home: 'trunk' });
});

test('a commit is held by branches alone: not by a tag, a pull request or a merge queue', async () => {
  const lab = await makeMirrorLab();
  const main = lab.origin.commit({ 'a.txt': '1' });
  const newer = lab.origin.commit({ 'a.txt': '2' });
  const fork = lab.origin.commit({ 'b.txt': '2' }, { ref: PULL });
  lab.origin.git('update-ref', 'refs/tags/v1', fork);
  lab.origin.git('update-ref', 'refs/heads/gh-readonly-queue/main/pr-7', fork);
  lab.origin.git('update-ref', 'refs/heads/x/y', main);
  const pull = await lab.mirrors.fetch(REPOSITORY, { pullRequest: { number: 7, kind: 'head' } });
  const mirror = mainMirror(pull.mirror);
  expect(await branchesWith(mirror, main)).toEqual(['main', 'x/y']);
  expect(await branchesWith(mirror, newer)).toEqual(['main']);
  expect(await branchesWith(mirror, fork)).toEqual([]);
  expect(await branchesWith(mirror, 'f'.repeat(40))).toEqual([]);
  expect(await branchesWith(`${mirror}.none`, main)).toEqual([]);
});
