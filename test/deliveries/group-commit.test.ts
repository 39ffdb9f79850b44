import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createGroupCommit } from '../../src/deliveries/group-commit.ts';

type Commit = { items: readonly number[]; finish: (error?: Error) => void };

function setup(limits = { items: 100, bytes: 1000 }) {
  const commits: Commit[] = [];
  const add = createGroupCommit<number, string>({
    commit: (items) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void =>
          error ? reject(error) : resolve(items.map((item) => `r${item}`));
        commits.push({ items, finish });
      }),
    bytesOf: (item) => item,
    limits,
  });
  return { commits, add };
}

test('what is added in one turn is one commit, and what is added meanwhile is the next', async () => {
  const { commits, add } = setup();
  const first = [add(1), add(2)];
  await turn();
  const second = [add(3), add(4), add(5)];
  await turn();
  expect(commits.map(({ items }) => items)).toEqual([[1, 2]]);
  commits[0]?.finish();
  expect(await Promise.all(first)).toEqual(['r1', 'r2']);
  await turn();
  expect(commits[1]?.items).toEqual([3, 4, 5]);
  commits[1]?.finish();
  expect(await Promise.all(second)).toEqual(['r3', 'r4', 'r5']);
});

test('a commit takes no more than its limits, but always one', async () => {
  const { commits, add } = setup({ items: 3, bytes: 100 });
  const results = [60, 30, 20, 500, 1, 2, 3, 4].map(add);
  for (let commit = 0; commit < 5; commit += 1) {
    await turn();
    commits[commit]?.finish();
    await turn();
  }
  expect(commits.map(({ items }) => items)).toEqual([[60, 30], [20], [500], [1, 2, 3], [4]]);
  expect((await Promise.all(results)).length).toBe(8);
});

test('a commit that fails rejects its own items and no others', async () => {
  const { commits, add } = setup();
  const first = add(1);
  await turn();
  const second = add(2);
  commits[0]?.finish(new Error('full'));
  await expect(first).rejects.toThrow('full');
  await turn();
  commits[1]?.finish();
  expect(await second).toBe('r2');
});
