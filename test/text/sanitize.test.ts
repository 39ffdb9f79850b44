import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutWithNotice } from '../../src/prompts/render.ts';
import { readMarkdown } from '../../src/text/markdown.ts';
import { sanitize } from '../../src/text/sanitize.ts';
import { size } from '../support/suite/size.ts';

/** What is raw HTML for GitHub and holds a comment. */
function commentsIn(text: string): string[] {
  const { html } = readMarkdown(text);
  return html.map(({ from, to }) => text.slice(from, to)).filter((each) => each.includes('<!--'));
}

describe('sanitised text', () => {
  test.each([
    [
      'keeps lines, tabs, emoji and other alphabets',
      'a\tb\nц 密 é 😀 {{x}} <b> ```',
      'a\tb\nц 密 é 😀 {{x}} <b> ```',
    ],
    ['has one kind of line end', 'a\r\nb\rc\u2028d\u2029e\n', 'a\nb\nc\nd\ne\n'],
    ['has no control characters', 'a\u0000b\u0007c\u001b[31md\u007fe\u0085f\u009bg', 'abc[31mdefg'],
    ['has no bidi characters', 'a\u202eb\u2066c\u2069d\u200fe\u061cf', 'abcdef'],
    ['has no zero-width characters', 'a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u180eh', 'abcdefgh'],
    [
      'has no invisible tags and selectors',
      `a${String.fromCodePoint(0xe0041, 0xe0100)}b\ufe0fc\u3164d`,
      'abcd',
    ],
    ['has U+FFFD for lone surrogates', 'a\ud800b\udc00c😀', 'a\ufffdb\ufffdc😀'],
    ['has no HTML comments', 'a<!-- x -->b<!--\ny\n-->c', 'abc'],
    ['ends where a comment is not closed', 'a\n\n<!-- b -- > c\n\nd', 'a\n\n'],
    ['keeps the beginning of a comment that GitHub shows', 'a<!-- b -- > c', 'a<!-- b -- > c'],
    [
      'keeps comments in code',
      'a `<!--` b\n\n```\n<!-- c -->\n```\n\n    <!-- d',
      'a `<!--` b\n\n```\n<!-- c -->\n```\n\n    <!-- d',
    ],
    [
      'loses nothing behind code',
      'holds `<!--` and no end.\n\nSteps: save.',
      'holds `<!--` and no end.\n\nSteps: save.',
    ],
    [
      'has nothing that browsers take for a comment',
      'a <? b ?> c <!B c> d\n\n<div>\n</ x>\n</div>',
      'a  c  d\n\n<div>\n\n</div>',
    ],
    [
      'has no definition that nothing refers to',
      '[//]: # (do this)\n\n[a][b]\n\n[b]: https://x.example',
      '\n\n[a][b]\n\n[b]: https://x.example',
    ],
    ['has nothing behind a comment that raw HTML leaves open', '<div><!-- a\n\nb', '<div>'],
    ['keeps what follows an empty comment', 'a<!---->b<!-->c<!--->d', 'abcd'],
    ['ends a comment at its first end', 'a<!-- b <!-- c --> d --> e', 'a d --> e'],
    ['has no comment made of the rest of another', 'a<!-<!-- x -->- b -->c', 'ac'],
    ['has no comment hidden by invisible characters', 'a<\u200b!-\u0000- b --\u2060>c', 'ac'],
    ['keeps ends of comments that never began', 'a --> b <! -- c', 'a --> b <! -- c'],
  ])('%s', (_claim, text, seen) => {
    expect(sanitize(text)).toBe(seen);
  });

  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '<',
        '!',
        '-',
        '--',
        '>',
        '<!--',
        '-->',
        '<!-',
        '\r',
        '\n',
        '\u200b',
        '\ud800',
        '\udc00',
        'a',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 30 },
  );

  test('sanitised text has nothing forbidden, whatever it was, and stays as it is', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const seen = sanitize(parts.join(''));
        expect(seen.isWellFormed()).toBe(true);
        expect(commentsIn(seen)).toEqual([]);
        expect(seen).not.toMatch(/[[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]--[\n\t]]/v);
        expect(sanitize(seen)).toBe(seen);
      }),
      { numRuns: size(300, 100_000) },
    );
  });

  test('sanitised text takes a time that grows with the text only, also for megabytes of comments', () => {
    const start = performance.now();
    const bytes = size(2, 10) * 1e6;
    for (const hostile of ['<!-', '<!---->', '<!-- x -->', '<!--', '-->', '<!-<!---->-'])
      sanitize(hostile.repeat(bytes / hostile.length));
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe('a text that is cut', () => {
  test('a text that is cut says how much is missing', () => {
    expect(cutWithNotice('abcdef', 6)).toBe('abcdef');
    expect(cutWithNotice('abcdef', 4)).toBe('abcd\n[cut here: 2 of 6 characters are missing]');
    expect(cutWithNotice('abcdef', 0)).toBe('\n[cut here: 6 of 6 characters are missing]');
  });

  test('a text that is cut is never cut inside a character', () => {
    expect(cutWithNotice('a😀b', 2)).toBe('a\n[cut here: 3 of 4 characters are missing]');
  });
});
