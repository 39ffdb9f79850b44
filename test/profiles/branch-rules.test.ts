import { describe, expect, test } from 'vitest';
import { sampleBranches } from '../../src/profiles/branch-rules.ts';
import { AGENT, load } from '../support/profiles/profile-files.ts';

const BASE = { trigger: { event: 'push', repository: 'o/r' }, execution: AGENT };

/** The errors of a set of profiles, by folder. */
async function faultsOf(profiles: Record<string, object>): Promise<(string | undefined)[]> {
  const files = Object.entries(profiles).map(([folder, own]) => [
    `${folder}/profile.json`,
    { ...BASE, ...own },
  ]);
  const { issues } = await load(Object.fromEntries(files));
  return issues.map(({ path }) => path);
}

describe('names that git or GitHub could refuse are refused at load', () => {
  test.each([
    '-x',
    'a..b',
    'a b/{{run}}',
    '{{run}}.lock',
    'refs/heads/{{run}}',
    'HEAD',
    '@',
    'a//{{run}}',
    '/{{run}}',
    '{{run}}/',
    'gh-readonly-queue/{{run}}',
    'fix/{{issueTitle}}',
    'fix-{{summary}}',
    '{{#if issueNumber}}fixes/{{issueNumber}}{{/if}}',
    'ä/{{run}}',
    'a'.repeat(40),
  ])('publish.branch %j', async (branch) => {
    expect(await faultsOf({ p: { publish: { branch } } })).toEqual(['/publish/branch']);
  });

  test.each([
    'fixes/{{issueNumber}}',
    'github-flows/{{run}}',
    '{{repository}}/{{run}}',
    '{{#if issueTitle}}fixes/{{issueNumber}}{{else}}work/{{run}}{{/if}}',
    'fix-checks',
  ])('publish.branch %j is none of them', async (branch) => {
    expect(await faultsOf({ p: { publish: { branch } } })).toEqual([]);
  });

  test.each(['HEAD', '@', 'a/', '/a', 'a.lock', 'a/.b', 'refs/', 'refs/heads/', 'refs/heads/-x', 'a.'])(
    'checkout.ref %j',
    async (ref) => {
      expect(await faultsOf({ p: { checkout: { ref } } })).toEqual(['/checkout/ref']);
    },
  );

  test.each([
    'refs/tags/v1',
    'refs/pull/7/head',
    'b'.repeat(40),
    'refs/notes/x',
    'gh-readonly-queue/main/pr-1',
  ])('checkout.ref %j of a profile whose runs open pull requests', async (ref) => {
    expect(await faultsOf({ p: { checkout: { ref }, publish: {} } })).toEqual(['/checkout/ref']);
    expect(await faultsOf({ p: { checkout: { ref } } })).toEqual([]);
    expect(await faultsOf({ p: { checkout: { ref }, publish: { as: 'patch' } } })).toEqual([]);
  });

  test.each(['main', 'refs/heads/release/1.x', 'größe'])('checkout.ref %j is none of them', async (ref) => {
    expect(await faultsOf({ p: { checkout: { ref }, publish: {} } })).toEqual([]);
  });
});

test('a branch that is the folder of another profile’s branches is refused, where both may push to one repository', async () => {
  const fixed = { publish: { branch: 'github-flows' } };
  const elsewhere = { publish: {}, trigger: { event: 'push', repository: ['o/other'] } };
  expect(await faultsOf({ a: fixed, b: { publish: {} } })).toEqual(['/publish/branch']);
  expect(await faultsOf({ a: fixed, b: { publish: { as: 'patch' } } })).toEqual([]);
  expect(await faultsOf({ a: fixed, b: elsewhere })).toEqual([]);
  expect(await faultsOf({ a: fixed, b: { publish: { branch: 'github-flows-{{run}}' } } })).toEqual([]);
});

test('a template is tried by each way through its conditions', () => {
  expect(sampleBranches('a{{#if issueTitle}}-{{issueNumber}}{{else}}-{{run}}{{/if}}')).toEqual([
    'a-1',
    'a-x1',
  ]);
  expect(sampleBranches('{{#unless issueTitle}}{{#if summary}}s{{/if}}{{/unless}}x')).toEqual([
    'sx',
    'x',
    'x',
    'x',
  ]);
});
