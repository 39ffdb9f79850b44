import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { knowing, streamed } from '../support/profiles/masking.ts';
import { size } from '../support/suite/size.ts';

const VALUE = 'xw-9Kd!tQ"7\\p&z<Lé4';
const PLAIN = 'q7Rz_pX4-mV9tKw2';
const DOLLARS = 'kV7$w-x9Q$z!Lm3nTb';

const each = (value: string, spell: (character: string) => string): string => [...value].map(spell).join('');
const code = (character: string): number => character.codePointAt(0) ?? 0;
const hexOf = (text: string): string => Buffer.from(text).toString('hex');
const unicode = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
const bytesAs = (text: string, spell: (hex: string) => string, between = ''): string =>
  [...Buffer.from(text)].map((byte) => spell(byte.toString(16).padStart(2, '0'))).join(between);
const wrap = (text: string, width: number, end: string): string =>
  text.replaceAll(new RegExp(`.{${width}}`, 'gs'), (line) => line + end);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const json = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Of two spellings over each other, cut just there, so many characters may be given before they can be known; of long spellings, those of four characters. */
const MAY_BE_SHOWN = 24;
const CHARACTERS_SHOWN = 4;

const SPELLINGS: Readonly<Record<string, (value: string) => string>> = {
  'every character as \\u': (value) => each(value, unicode),
  'every second character as \\u': (value) =>
    [...value].map((c, at) => (at % 2 ? unicode(c) : json(c))).join(''),
  '\\u in capitals': (value) => each(value, (c) => unicode(c).toUpperCase().replaceAll('\\U', '\\u')),
  '\\u{…}': (value) => each(value, (c) => `\\u{${code(c).toString(16)}}`),
  '\\u in JSON in JSON': (value) => json(json(each(value, unicode))),
  '\\x of a shell': (value) => bytesAs(value, (hex) => `\\x${hex}`),
  'octal of a shell': (value) =>
    [...Buffer.from(value)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  hex: hexOf,
  'hex in capitals': (value) => hexOf(value).toUpperCase(),
  'hex with 0x and commas': (value) => bytesAs(value, (hex) => `0x${hex}`, ', '),
  'hex with blanks': (value) => bytesAs(value, (hex) => hex, ' '),
  'hex with colons': (value) => bytesAs(value, (hex) => hex.toUpperCase(), ':'),
  'hex with line ends': (value) => wrap(hexOf(value), 10, '\n'),
  'hex with line ends in JSON': (value) => json(wrap(hexOf(value), 8, '\r\n')),
  base64,
  base64url: (value) => Buffer.from(value).toString('base64url'),
  'base64 in lines of four': (value) => wrap(base64(value), 4, '\n'),
  'base64 in lines of seven, CRLF': (value) => wrap(base64(value), 7, '\r\n'),
  'base64 in lines that carriage returns end': (value) => wrap(base64(value), 7, '\r'),
  'base64 in lines of JSON': (value) => json(wrap(base64(value), 5, '\n')),
  'base64 in a quotation': (value) => wrap(base64(value), 6, '\n> '),
  'base64 of base64': (value) => base64(base64(value)),
  'base64 of JSON in base64': (value) => base64(JSON.stringify({ auth: base64(`user:${value}`) })),
  'base64 of UTF-16': (value) => Buffer.from(value, 'utf16le').toString('base64'),
  'base64 of hex': (value) => base64(hexOf(value)),
  'hex of base64': (value) => hexOf(base64(value)),
  'base64 of every character as \\u': (value) => base64(each(value, unicode)),
  'URL, every character': (value) => bytesAs(value, (hex) => `%${hex}`),
  'URL, capitals': (value) => bytesAs(value, (hex) => `%${hex.toUpperCase()}`),
  'URL twice': (value) => encodeURIComponent(bytesAs(value, (hex) => `%${hex}`)),
  'URL of base64': (value) => encodeURIComponent(base64(value)),
  'HTML, decimal': (value) => each(value, (c) => `&#${code(c)};`),
  'HTML, decimal with zeros': (value) => each(value, (c) => `&#000${code(c)};`),
  'HTML, hex': (value) => each(value, (c) => `&#x${code(c).toString(16)};`),
  'HTML, hex in capitals with zeros': (value) =>
    each(value, (c) => `&#X00${code(c).toString(16).toUpperCase()};`),
  'HTML, named': (value) =>
    value.replace(
      /[&<>"!\\é_]/g,
      (c) =>
        ({
          '&': '&amp;',
          '<': '&lt;',
          '>': '&gt;',
          '"': '&quot;',
          '!': '&excl;',
          '\\': '&bsol;',
          _: '&lowbar;',
        })[c] ?? '&eacute;',
    ),
  'HTML in HTML': (value) => each(value, (c) => `&amp;#${code(c)};`),
  'shell, single quotes': (value) => `'${value.replaceAll("'", "'\\''")}'`,
  'shell, quotes in between': (value) => {
    const quoted = value.replaceAll(/["\\$`]/g, '\\$&');
    return [...quoted.matchAll(/\\?./gsu)]
      .map(([c], at) => (at % 3 ? `"${c}"` : c.startsWith('\\') ? c : `'${c}'`))
      .join('');
  },
  'shell, a backslash before each': (value) => each(value, (c) => (/[a-z0-9]/i.test(c) ? c : `\\${c}`)),
  "shell, $'…'": (value) => `$'${bytesAs(value, (hex) => `\\x${hex}`)}'`,
  'zero-width spaces': (value) => [...value].join('\u200b'),
  'soft hyphens, joiners, direction marks and tags': (value) =>
    [...value]
      .map(
        (c, at) =>
          c + ['\u00ad', '\u200d', '\u202e', '\u2066', '\u{e0041}', '\ufe0f', '\u{e0101}', '\u034f'][at % 8],
      )
      .join(''),
  'zero-width spaces in JSON': (value) => [...value].map(json).join('\\u200b'),
  'zero-width spaces in HTML': (value) => [...value].map((c) => (c === '&' ? '&amp;' : c)).join('&#8203;'),
  'colours in between': (value) => [...value].join('\u001b[38;5;12m'),
  'colours in JSON': (value) => [...value].map(json).join('\\u001b[0m'),
  'hex with zero-width spaces': (value) => [...hexOf(value)].join('\u200b'),
  'hex in cells of a table': (value) => wrap(hexOf(value), 8, '</td>\n<td>'),
  'base64 in groups of four': (value) => wrap(base64(value), 4, ' '),
  'base64 in groups with other blanks': (value) => wrap(base64(value), 6, '\u00a0\u2003'),
  'base64 with <br>': (value) => wrap(base64(value), 8, '<br>'),
  'base64 with <br> and line ends': (value) => wrap(base64(value), 8, '<br />\n'),
  'base64 in columns': (value) => wrap(base64(value), 8, ' | '),
  'base64 in strings that are joined': (value) => wrap(base64(value), 8, '" +\n  "'),
  'base64 in lines of U+2028': (value) => wrap(base64(value), 8, '\u2028'),
  'base64 in lines of U+2028 in JSON': (value) => wrap(base64(value), 8, '\\u2028'),
  'base64 in lines of U+0085': (value) => wrap(base64(value), 5, '\u0085'),
  'base64 of HTML in lines of U+2029': (value) =>
    wrap(base64(each(value, (c) => `&#${code(c)};`)), 8, '\u2029'),
  'base64 with zero-width spaces': (value) => [...base64(value)].join('\u200b'),
  'a backslash before each character': (value) => each(value, (c) => `\\${c}`),
  'a backslash before each character in JSON': (value) => json(each(value, (c) => `\\${c}`)),
  'a backslash before each second character': (value) =>
    [...value].map((c, at) => (at % 2 || /\W/.test(c) ? `\\${c}` : c)).join(''),
  'single and double quotes, mixed': (value) =>
    `'${value.slice(0, 4)}'"${value.slice(4, 9)}"'${value.slice(9)}'`,
  'comments of HTML in between': (value) => wrap(value, 3, '<!-- -->'),
  'one comment of HTML in it': (value) => wrap(value, 7, '<!-- a > b\n-->'),
  'tags in between': (value) => wrap(value, 4, '<b class="x"></b>'),
  'tags in JSON': (value) => json(wrap(value, 4, '<b class="x"></b>')),
  'tags in JSON for HTML': (value) => wrap(json(value), 4, '\\u003cwbr\\u003e'),
  'a tag around each character': (value) => each(value, (c) => `<i>${c}</i>`),
  'marks of Markdown in between': (value) => wrap(value, 4, '**'),
  'a link of a terminal in between': (value) => [...value].join('\u001b]8;;http://host/\u0007'),
};

/** Known only when enough of them is there, so that a piece of such a line alone shows its beginning. */
const SPELLINGS_OF_LINES: typeof SPELLINGS = {
  'tags in between, in a comment that does not end': (value) => `<!-- ${wrap(value, 4, '<u></u>')}`,
  'base64 of hex in groups': (value) => wrap(base64(hexOf(value)), 8, ' '),
  'base64 of \\u with <br>': (value) => wrap(base64(each(value, unicode)), 12, '<br>'),
  'hex of HTML in groups of base64': (value) =>
    wrap(base64(hexOf(each(value, (c) => `&#${code(c)};`))), 4, ' '),
};

describe('a value is masked', () => {
  test.each(Object.entries(SPELLINGS_OF_LINES))('line by line, spelt as %s', (_name, spell) => {
    for (const value of [VALUE, PLAIN, DOLLARS, 'p4ssw0rd-with-more']) {
      const redactor = knowing(value);
      const text = `before: ${spell(value)} after\n`;
      const shown = redactor.mask(text);
      expect(shown).toContain('[masked]');
      expect(shown.length).toBeLessThan(Math.max(60, 0.4 * text.length));
      expect(redactor.stream().push(text)).toBe(shown);
    }
  });

  test.each(Object.entries(SPELLINGS))('spelt as %s', (_name, spell) => {
    for (const value of [VALUE, PLAIN, DOLLARS, 'p4ssw0rd-with-more']) {
      const redactor = knowing(value);
      const text = `before: ${spell(value)} after\n`;
      const shown = redactor.mask(text);
      expect(shown).toContain('[masked]');
      expect(shown.length).toBeLessThan(Math.max(60, 0.4 * text.length));
      for (const lengths of [[1], [7], [16, 3]]) {
        const inPieces = streamed(redactor, text, lengths);
        expect(inPieces).toContain('[masked]');
        const mayBeShown = Math.max(MAY_BE_SHOWN, (CHARACTERS_SHOWN * text.length) / value.length);
        expect(inPieces.length).toBeLessThan(shown.length + mayBeShown);
      }
    }
  });

  const named = (names: readonly string[]) =>
    fc.constantFrom(...names.map((name) => SPELLINGS[name] ?? ((value: string) => value)));
  const inner = named([
    'every character as \\u',
    '\\x of a shell',
    'hex',
    'hex with colons',
    'base64',
    'base64url',
    'URL, every character',
    'HTML, decimal with zeros',
    'HTML, hex',
  ]);
  const outer = named([
    'base64',
    'hex',
    'URL, every character',
    'HTML, decimal',
    'every character as \\u',
    'zero-width spaces',
  ]);
  const values = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-.!$/+= é'), minLength: 8, maxLength: 30 });

  test('a value is masked in any spelling of any spelling, wherever it is cut', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, inner, outer, lengths, (value, spell, spellAgain, cuts) => {
        fc.pre(value.trim().length >= 8);
        const redactor = knowing(value);
        const text = `it is ${spellAgain(spell(value.trim()))}, see\n`;
        expect(redactor.mask(text)).toContain('[masked]');
        expect(streamed(redactor, text, cuts)).toContain('[masked]');
      }),
      { numRuns: size(60, 20_000) },
    );
  });
});

describe('text without the value', () => {
  test.each([
    ['a lock file', `"integrity": "sha512-${Buffer.alloc(64, 'x7Qz').toString('base64')}",\n`.repeat(20)],
    [
      'commit ids',
      'commit 2308b18aa4bd0a5c1b9b5e3072eb043ae3a5632d\nparent 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\n',
    ],
    ['a UUID', 'id 123e4567-e89b-12d3-a456-426614174000\n'],
    [
      'a picture',
      `![](data:image/png;base64,${Buffer.from([...Array(2000).keys()].map((at) => (at * 37) % 251)).toString('base64')})\n`,
    ],
    [
      'minified code',
      'var a="x\\u0041",b=\'\\x41\',c=`d`;function(e){return"&amp;"+e%20+"\\n"}\n'.repeat(10),
    ],
    [
      'colours and paths',
      '\u001b[32m✓\u001b[39m src/containers/plan.ts \u001b[2m(12 tests)\u001b[22m 100%\n',
    ],
  ])('text without the value comes through as it is: %s', (_what, text) => {
    const redactor = knowing(VALUE, PLAIN, 'p4ssw0rd-with-more');
    expect(redactor.mask(text)).toBe(text);
    for (const lengths of [[1], [50, 3]]) expect(streamed(redactor, text, lengths)).toBe(text);
  });

  test('text without the value of a line is given when the line is over', () => {
    const stream = knowing(VALUE, PLAIN).stream();
    for (const line of [
      '{"type":"item.completed","item":{"text":"one\\ntwo"}}\n',
      'plain words\n',
      '100%\n',
      'x &\n',
    ])
      expect(stream.push(line)).toBe(line);
  });

  test('text without the value is held back only so far, whatever is said in between', () => {
    const stream = knowing(PLAIN).stream();
    let shown = '';
    for (let piece = 0; piece < 40; piece += 1)
      shown += stream.push(`${PLAIN.slice(0, 8)}${'\u200b'.repeat(20_000)}`);
    expect(shown.length).toBeGreaterThan(100_000);
  });
});
