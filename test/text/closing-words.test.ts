import { describe, expect, test } from 'vitest';
import { hasClosingWords, withoutClosingWords } from '../../src/text/closing-words.ts';

/** What GitHub looks for, as it documents it, and more of what it might take for the same. */
const GITHUB =
  /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)[\s:*_[(&;]*(?:nbsp;)?(?:[\w.-]+\/[\w.-]+)?(?:#|GH-|https?:)/i;

describe('closing words of others', () => {
  test.each([
    'Closes #99',
    'closed #99',
    'FIX #99',
    'Fixes octo/other#5',
    'Fixes octocat#5',
    'Closes: #7',
    'Resolves:#7',
    'fixed GH-7',
    'resolve gh-7',
    'Fixes https://github.com/octo/other/issues/5',
    'Fixes [the bug](https://github.com/octo/other/issues/5)',
    '- Closes #99\n- closes #98',
    '* [x] fixes #1',
    '**Closes** #99',
    '__Fixes__ #99',
    '_Fixes_ **#99**',
    'Closes **#99**',
    'Closes\n#99',
    'Closes\t#99',
    'Closes\u00a0#99',
    'Closes&nbsp;#99',
    'Closes \\#99',
    'Closes [#99](https://x.example)',
    'Closes (#99)',
    'auto-fixes #9',
    'one, closes #1, closes #2',
  ])('%j close nothing, and read the same', (text) => {
    const said = withoutClosingWords(text);
    expect(hasClosingWords(text)).toBe(true);
    expect(hasClosingWords(said)).toBe(false);
    expect(said).not.toMatch(GITHUB);
    expect(said.replaceAll('\u2060', '')).toBe(text);
    expect(withoutClosingWords(said)).toBe(said);
  });

  test.each([
    'fixes the bug in #3',
    'prefixes #9',
    'See #7, it is fixed.',
    'Refers to #7',
    'close the door',
    'Closes and #9',
  ])('%j is left as it is', (text) => {
    expect(withoutClosingWords(text)).toBe(text);
  });

  test.each(['fixes ', 'fixes', 'closes [', 'closes a/', 'closes \n', '#', 'closes &nbsp;', 'closes www'])(
    'closing words of others are found in a time that grows with the text only: %j a hundred thousand times',
    (part) => {
      const startedAt = performance.now();
      withoutClosingWords(part.repeat(100_000));
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    },
  );
});
