import { describe, expect, test } from 'vitest';
import type { CommitObject } from '../../src/publish/judge/commit-object.ts';
import { commitId, formatCommit, latin1Bytes, parseCommit } from '../../src/publish/judge/commit-object.ts';
import { effectsOf, harmlessMessage } from '../../src/publish/judge/harmless-message.ts';
import { judgeCommits } from '../../src/publish/judge/judge-commits.ts';

const SERVICE = 'the-robot <7+the-robot@users.noreply.github.com>';

describe('a commit message', () => {
  test.each([
    'Fixes #5',
    'fix: #5',
    'Closed GH-12',
    'Resolves octo/other#5',
    'resolve\nhttps://github.com/octo/other/issues/5',
    'CLOSES:  #5',
    `Fixes${' '.repeat(30)}#5`,
    'closes **#5**',
    'fixes [#5](https://github.com/octo/other/issues/5)',
    'resolves hello#5',
    'cc @octocat',
    '(@octo/team)',
    '.@octocat',
    'x [skip ci]',
    '[ci skip] x',
    '[no ci]',
    '[skip actions]',
    '[actions skip]',
    '[Skip CI]',
    '[skip netlify]',
    '***NO_CI***',
    'x\n\nskip-checks: true',
    'x\n\nrequest-checks:true',
    `x\n\nskip-checks${' '.repeat(30)}: true`,
  ])('%j does nothing any more', (text) => {
    const harmless = harmlessMessage(text);
    expect(effectsOf(text)).not.toEqual([]);
    expect(effectsOf(harmless)).toEqual([]);
    expect(harmlessMessage(harmless)).toBe(harmless);
    expect(Buffer.from(harmless, 'latin1').toString().replaceAll('\u2060', '')).toBe(text);
  });

  test.each([
    'Fix the parser',
    'Fix #hash in headings? no: fix the hash',
    'See #5 and octo/other#5',
    'Signed-off-by: Mona <mona@example.org>',
    'skip ci when docs change',
    'Use [a](b) and [no]',
    latin1Bytes('Répare “ça”'),
    'caf\xe9 of old',
  ])('%j stays as it is', (text) => {
    expect(harmlessMessage(text)).toBe(text);
  });

  test('a commit message that is not UTF-8 keeps its bytes, and one that is keeps its characters', () => {
    expect(harmlessMessage('caf\xe9: fixes #5')).toBe(`caf\xe9: fixes${latin1Bytes('\u2060')} #5`);
    expect(harmlessMessage(latin1Bytes('Ça: fixes #5'))).toBe(latin1Bytes('Ça: fixes\u2060 #5'));
  });

  test('made to hurt is read in no time', () => {
    const hostile = [
      'fix ',
      '[skip ',
      '@',
      'fix:::::::',
      'a-b-c-by:',
      'x/',
      '[no-no-',
      ' ',
      '\r',
      'skip-checks ',
    ].map((part) => part.repeat(20_000));
    const startedAt = performance.now();
    for (const text of hostile) expect(harmlessMessage(text).length).toBeGreaterThan(0);
    for (const text of hostile) judgeCommits([commitOf({ message: text })], [SERVICE]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

function commitOf(
  parts: {
    author?: string;
    committer?: string;
    message?: string;
    encoding?: string;
    isOfBase?: boolean;
  } = {},
) {
  const { author = SERVICE, committer = SERVICE, message = 'Work\n', encoding } = parts;
  const headers = [
    `tree ${'a'.repeat(40)}`,
    `author ${latin1Bytes(author)} 1700000000 +0000`,
    `committer ${latin1Bytes(committer)} 1700000000 +0000`,
    ...(encoding === undefined ? [] : [`encoding ${encoding}`]),
  ];
  const commit: CommitObject = { headers, message };
  return { id: 'c'.repeat(40), commit, isOfBase: parts.isOfBase ?? false };
}

function codes(parts: Parameters<typeof commitOf>[0], ...authors: string[]): string[] {
  return judgeCommits([commitOf(parts)], [SERVICE, ...authors]).map(({ code }) => code);
}

describe('whom a commit names', () => {
  const linus = 'Linus Torvalds <torvalds@example.org>';

  test('whom a commit names may be the service, in a sign-off too', () => {
    expect(codes({ message: `Work\n\nSigned-off-by: ${SERVICE}\n` })).toEqual([]);
  });

  test.each([
    [{ author: linus }],
    [{ committer: linus }],
    [{ author: 'Linus Torvalds <7+the-robot@users.noreply.github.com>' }],
    [{ author: 'the-robot <the-robot@example.org>' }],
    [{ author: ' <>' }],
  ])('may be nobody else: %j', (parts) => {
    expect(codes(parts)).toEqual(['publish_author']);
  });

  test.each([
    `Signed-off-by: ${linus}`,
    `signed-off-by : ${linus}`,
    'Co-authored-by: Linus',
    `x\nReviewed-by: ${linus}\ny`,
    `  Tested-by:${linus}`,
    `Co-authored-by: ${linus}${' '.repeat(2_000)}`,
    `Co-authored-by${' '.repeat(30)}: ${linus}`,
    `Signed-off-by:\n ${linus}`,
  ])('may not speak for anybody else: %j', (line) => {
    expect(codes({ message: `Work\n\n${line}\n` })).toEqual(['publish_sign_off']);
  });

  test('whom a commit names may be whom the profile names, by name and mail or by mail alone', () => {
    const message = `Work\n\nCo-authored-by: ${linus}`;
    expect(codes({ author: linus, message }, linus)).toEqual([]);
    expect(codes({ author: linus, message }, 'TORVALDS@example.org')).toEqual([]);
    expect(codes({ author: 'L <torvalds@example.org>' }, linus)).toEqual(['publish_author']);
    expect(codes({ author: 'Zoë <z@example.org>' }, 'Zoë <z@example.org>')).toEqual([]);
  });

  test('whom a commit names is whoever it is in commits of a fork, whose messages are held all the same', () => {
    expect(codes({ author: linus, isOfBase: true })).toEqual([]);
    expect(codes({ author: linus, isOfBase: true, message: 'Fixes #5' })).toEqual(['publish_message']);
  });

  test('whom a commit names and what it says must be in letters that can be checked', () => {
    expect(codes({ encoding: 'UTF-7' })).toEqual(['publish_message_encoding']);
    expect(codes({ encoding: 'ISO-8859-1' })).toEqual([]);
  });
});

test('a commit is read and written as it is, and its id known beforehand', () => {
  const raw =
    'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@b> 1700000000 +0000\ncommitter a <a@b> 1700000000 +0000\ngpgsig -----BEGIN\n \n -----END\n\nx\n\ny\n';
  expect(formatCommit(parseCommit(raw))).toBe(raw);
  expect(commitId(raw)).toMatch(/^[0-9a-f]{40}$/);
});
