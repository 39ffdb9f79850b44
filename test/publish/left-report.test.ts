import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLeft, readLeft } from '../../src/publish/left/left-report.ts';
import { leftText } from '../../src/publish/left/left-texts.ts';

const report = (...records: string[]): Buffer => Buffer.from(records.map((record) => `${record}\0`).join(''));
const read = (...records: string[]) => readLeft(report(...records, '#patch'))?.left;

test('counts and names are read, and the patch is what follows', () => {
  const output = Buffer.concat([
    report('#files 2', ' M a', '?? b', '#stash 1', '#patch'),
    Buffer.from('diff'),
  ]);
  expect(readLeft(output)).toEqual({
    left: {
      files: 2,
      names: [
        { path: 'a', isNew: false },
        { path: 'b', isNew: true },
      ],
      stashes: 1,
      branches: [],
      tags: [],
      reflogCommits: 0,
      headCommits: 0,
      worktrees: [],
    },
    patch: Buffer.from('diff'),
  });
});

test('a report that did not come to its end is none', () => {
  expect(readLeft(report('#files 2', ' M a'))).toBeUndefined();
});

test('whatever an agent makes up is bounded text on one line', () => {
  const record = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc
      .tuple(
        fc.constantFrom('#files', '#stash', '#head', '#branch', '#tag', '#reflog', '#worktree'),
        fc.nat(),
        fc.string(),
      )
      .map((all) => all.join(' ')),
    fc.string().map((name) => ` M ${name}`),
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 200 }), (records) => {
      const left = read(...records);
      if (!left || !isLeft(left)) return;
      const words = leftText(left);
      expect(words).toMatch(/^The agent left /);
      expect(words).not.toMatch(/[\n\r\u2028\u2029\u202e]/);
      expect(words.length).toBeLessThan(10_000);
    }),
  );
});

test('many names, branches and worktrees are told as examples', () => {
  const names = Array.from({ length: 9 }, (_, at) => ` M file${at}`);
  const branches = Array.from({ length: 7 }, (_, at) => `#branch ${at + 1} b${at}`);
  const left = read('#files 300', ...names, ...branches);
  const words = left ? leftText(left) : '';
  expect(words).toContain('300 changed files uncommitted, which are not published: "file0", "file1"');
  expect(words).toContain('and 295 more');
  expect(words).toContain('It left as much on 2 other branches.');
});
