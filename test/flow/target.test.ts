import { describe, expect, test } from 'vitest';
import type { FlowEvent } from '../../src/events/event.ts';
import { findTarget } from '../../src/flow/publishing/target.ts';
import type { CheckoutRule } from '../../src/profiles/profile.ts';
import { commentEvent } from '../support/github/flow-events.ts';

const COMMIT = 'c'.repeat(40);
const THERE = ['main', 'feature', 'release', 'gh-readonly-queue/main/pr-7'];

/** The target of a run whose commit these branches hold. */
async function target(
  checkout: Pick<CheckoutRule, 'from'> & { ref?: string },
  { name = 'check_run', branch, pull }: { name?: string; branch?: string; pull?: boolean } = {},
  holders: string[] = [],
) {
  const base = commentEvent({});
  const event = {
    ...base,
    name,
    commit: COMMIT,
    attributes: { ...base.attributes, ...(branch === undefined ? {} : { branch }) },
    pullRequest: pull ? { number: 7 } : undefined,
  } as unknown as FlowEvent;
  const rule = { ref: undefined, depth: undefined, agentConfig: 'base', ...checkout } as CheckoutRule;
  const branches = new Map(THERE.map((there) => [there, COMMIT]));
  return await findTarget({ checkout: rule }, event, {
    branches,
    home: 'main',
    holdersOf: async () => holders,
  });
}

describe('the branch of a check is one of the repository only if it holds the commit', () => {
  test.each<[string, string | undefined, string[], string]>([
    [
      'the branch that the event names, when it holds the commit',
      'feature',
      ['feature', 'release'],
      'feature',
    ],
    ['the default branch, when it is a fork’s branch of the same name', 'feature', [], 'main'],
    [
      'the only branch that holds the commit, when the named one was renamed',
      'before',
      ['feature'],
      'feature',
    ],
    ['the only branch that holds the commit, when none is named', undefined, ['release'], 'release'],
    ['the default branch, when several hold the commit', undefined, ['feature', 'release'], 'main'],
    ['the default branch, when it holds the commit besides', undefined, ['main'], 'main'],
    ['no branch of a merge queue', 'gh-readonly-queue/main/pr-7', [], 'main'],
  ])('%s', async (_claim, branch, holders, into) => {
    const event = branch === undefined ? {} : { branch };
    expect(await target({ from: 'event-commit' }, event, holders)).toEqual({
      into,
      isDefault: into === 'main',
    });
  });

  test('a push, and the base of a merge queue, name a branch of the repository whatever it holds by now', async () => {
    for (const name of ['push', 'merge_group'])
      expect(await target({ from: 'event-commit' }, { name, branch: 'release' })).toMatchObject({
        into: 'release',
      });
  });
});

describe('what a profile names', () => {
  test.each(['feature', 'refs/heads/feature'])('%s is a branch that is there', async (ref) => {
    expect(await target({ from: 'ref', ref })).toEqual({ into: 'feature', isDefault: false });
  });

  test.each(['v1.0', 'refs/tags/v1.0', 'refs/pull/7/head', COMMIT, 'gone', 'gh-readonly-queue/main/pr-7'])(
    '%s is no target',
    async (ref) => {
      await expect(target({ from: 'ref', ref })).rejects.toMatchObject({ code: 'publish_target_gone' });
    },
  );

  test('of an event about a pull request GitHub is asked, and of all others it is the default branch', async () => {
    expect(await target({ from: 'auto' }, { pull: true })).toEqual({ into: null, isDefault: false });
    expect(await target({ from: 'auto' })).toEqual({ into: 'main', isDefault: true });
    expect(await target({ from: 'default-branch' }, { pull: true })).toEqual({
      into: 'main',
      isDefault: true,
    });
  });
});
