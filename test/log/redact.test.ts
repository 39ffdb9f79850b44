import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/log/redact.ts';
import { knowing, streamed } from '../support/profiles/masking.ts';
import { size } from '../support/suite/size.ts';

const TOKEN = 'github_pat_11ABCDEFG0hijklmnop?>~';

describe('what is masked', () => {
  const odd = 'p"w\\d <&é\u2028\u0007😀/+!\'()*~%';
  const percent = encodeURIComponent(odd);
  test.each([
    ['itself', TOKEN, TOKEN],
    ['without the line end it was added with', `${TOKEN}\n`, TOKEN],
    ['JSON', odd, JSON.stringify(odd).slice(1, -1)],
    ['JSON in JSON', odd, JSON.stringify(JSON.stringify(odd)).slice(3, -3)],
    ['JSON in ASCII', odd, 'p\\"w\\\\d <&\\u00e9\\u2028\\u0007\\ud83d\\ude00/+!\'()*~%'],
    ['JSON for HTML', odd, 'p\\"w\\\\d \\u003c\\u0026é\\u2028\\u0007😀/+!\'()*~%'],
    ['URL', odd, percent],
    ['URL in lower case', odd, percent.replace(/%../g, (hex) => hex.toLowerCase())],
    [
      'URL, strict',
      odd,
      percent.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    ],
    ['form', odd, new URLSearchParams({ a: odd }).toString().slice(2)],
    ['base64', TOKEN, Buffer.from(TOKEN).toString('base64').replace(/=+$/, '')],
    ['base64url', TOKEN, Buffer.from(TOKEN).toString('base64url')],
  ])('%s', (_form, secret, shown) => {
    expect(knowing(secret).mask(`before ${shown} after`)).toBe('before [masked] after');
  });

  test('a secret in base64 at every place among other bytes, in both alphabets', () => {
    const redactor = knowing(TOKEN);
    for (const before of ['', 'a', 'ab', 'abc', 'x-access-token:'])
      for (const after of ['', '\n', 'yz', '\u00ff\u00ff\u00ff'])
        for (const encoding of ['base64', 'base64url'] as const) {
          const text = Buffer.from(before + TOKEN + after).toString(encoding);
          const shown = redactor.mask(text);
          expect(shown).toContain('[masked]');
          expect(shown.replace('[masked]', '').length).toBeLessThan(before.length * 2 + after.length * 4 + 8);
        }
  });

  test.each([
    ['\n', 76],
    ['\r\n', 64],
    ['\\n', 76],
    ['\\r\\n', 60],
  ])('base64 in lines that end with %j after %d characters', (lineEnd, width) => {
    const secret = Array.from({ length: 40 }, (_, index) => `part${index}`).join('');
    const redactor = knowing(secret);
    for (let before = 0; before < 80; before += 1) {
      const encoded = Buffer.from('.'.repeat(before) + secret).toString('base64');
      const wrapped = encoded.replace(new RegExp(`.{${width}}`, 'g'), (line) => line + lineEnd);
      const shown = redactor.mask(wrapped);
      expect(shown).toContain('[masked]');
      const rest = shown.replace('[masked]', '').replaceAll(lineEnd, '');
      expect(Buffer.from(rest, 'base64').toString().includes('part2'), `${before}: ${shown}`).toBe(false);
      expect(streamed(redactor, wrapped, [7])).toBe(shown);
    }
  });

  test('each line of a key file, but not the armour of all key files', () => {
    const key = '-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nQGh0dHBzOi8v\nab\n-----END KEY-----\n';
    const redactor = knowing(key);
    expect(redactor.mask(`key:\r\n${key}.`)).toBe('key:\r\n[masked]\n.');
    expect(redactor.mask('  QGh0dHBzOi8v | AAAAB3NzaC1yc2E')).toBe('  [masked] | [masked]');
    expect(redactor.mask('-----BEGIN KEY-----')).toBe('-----BEGIN KEY-----');
    expect(redactor.mask(JSON.stringify(key))).toBe('"[masked]\\n"');
  });

  test('nothing under six characters, and nothing that only looks alike', () => {
    const redactor = knowing('', 'abcde', 'abcdefg');
    expect(redactor.mask('abcde abcdef ABCDEFG abcdefg')).toBe('abcde abcdef ABCDEFG [masked]');
  });

  test('secrets that overlap become one mask, neighbours stay two', () => {
    expect(knowing('abcdefgh', 'efghijkl').mask('.abcdefghijkl.')).toBe('.[masked].');
    expect(knowing('abcdef', 'ghijkl').mask('abcdefghijkl')).toBe('[masked][masked]');
    expect(knowing('abcdef', 'abcdefgh').mask('abcdefgh abcdefg')).toBe('[masked] [masked]g');
  });

  test('lone surrogates, characters of a regular expression and other alphabets', () => {
    for (const secret of ['\ud800abcde\udfff', '.*+?^$(){}[]|\\', 'пароль-密码-パス', '😀😀😀'])
      for (const text of [secret, JSON.stringify(secret).slice(1, -1)])
        expect(knowing(secret).mask(`<${text}>`)).toBe('<[masked]>');
  });
});

describe('forgetting', () => {
  test('a value is masked until it was forgotten as often as it was added', () => {
    const redactor = createRedactor();
    const first = redactor.add(TOKEN);
    const second = redactor.add(TOKEN);
    first();
    first();
    expect(redactor.mask(TOKEN)).toBe('[masked]');
    second();
    expect(redactor.mask(TOKEN)).toBe(TOKEN);
    redactor.add(TOKEN);
    second();
    expect(redactor.mask(TOKEN)).toBe('[masked]');
  });
});

describe('streams', () => {
  test('only what may be the beginning of a secret is held back', () => {
    const stream = knowing('abcdefgh').stream();
    expect(stream.push('plain text\n')).toBe('plain text\n');
    expect(stream.push('x abcd')).toBe('x ');
    expect(stream.push('ef')).toBe('');
    expect(stream.push('X')).toBe('abcdefX');
    expect(stream.push('abcdefgh')).toBe('[masked]');
    expect(stream.push('abc')).toBe('');
    expect(stream.end()).toBe('abc');
    expect(stream.end()).toBe('');
    expect(stream.push('abcdefgh')).toBe('[masked]');
  });

  test('a secret that repeats itself is shown once and not kept in memory', () => {
    const stream = knowing('aaaaaaaa').stream();
    let shown = '';
    for (let piece = 0; piece < 1000; piece += 1) shown += stream.push('a'.repeat(10));
    expect(shown + stream.end()).toBe('[masked]');
  });

  test('a value added in the middle of a stream is masked from then on', () => {
    const redactor = createRedactor();
    const stream = redactor.stream();
    expect(stream.push(`${TOKEN} `)).toBe(`${TOKEN} `);
    redactor.add(TOKEN);
    expect(stream.push(`${TOKEN} `)).toBe('[masked] ');
  });

  /** Few letters, so that secrets overlap, repeat and nest; none of the mask's own brackets. */
  const letters = (minLength: number, maxLength: number) =>
    fc.string({ unit: fc.constantFrom('a', 'b', 'é', '"', '\n', '+', ' '), minLength, maxLength });
  const texts = fc.tuple(
    fc.array(letters(6, 14), { minLength: 1, maxLength: 4 }),
    fc.array(fc.oneof(letters(0, 12), fc.nat({ max: 15 })), { maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
  );
  const written = (secrets: string[], parts: (string | number)[]) =>
    parts
      .map((part) => {
        if (typeof part === 'string') return part;
        const secret = secrets[part % secrets.length] ?? '';
        const forms = [
          secret,
          JSON.stringify(secret),
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64'),
        ];
        return forms[part % forms.length];
      })
      .join('');

  test('cut anywhere, no secret survives, and what leads to none is shown as if it had come in one piece', () => {
    fc.assert(
      fc.property(texts, ([secrets, parts, lengths]) => {
        const redactor = knowing(...secrets);
        const text = written(secrets, parts);
        const whole = redactor.mask(text);
        const inPieces = [lengths, [1]].map((cuts) => streamed(redactor, text, cuts));
        for (const shown of [whole, ...inPieces])
          for (const secret of secrets) {
            expect(shown).not.toContain(secret);
            expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
            expect(shown).not.toContain(encodeURIComponent(secret));
            expect(shown).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
          }
        // What leads to a secret may be masked with it; how much of it, the cuts decide.
        const leads = parts.some(
          (part) => typeof part === 'string' && secrets.some(([first = '']) => part.includes(first)),
        );
        const oneMark = (masked: string): string => masked.replaceAll(/(\[masked\])+/g, '[masked]');
        if (!leads) expect(inPieces.map(oneMark)).toEqual([oneMark(whole), oneMark(whole)]);
      }),
      { numRuns: size(1000, 50_000) },
    );
  });

  test('any secret in any text is gone', () => {
    const secret = fc.string({ unit: 'binary', minLength: 6, maxLength: 40 });
    fc.assert(
      fc.property(secret, fc.string({ unit: 'binary' }), fc.string(), (value, before, after) => {
        fc.pre(!'[masked]'.includes(value.trim().slice(0, 1)) && !/[[\]]/.test(value));
        expect(knowing(value).mask(before + value + after)).not.toContain(value);
      }),
      { numRuns: size(1000, 50_000) },
    );
  });

  test.each([
    '\n',
    '\\n',
    ' \n',
    '> \n',
    '<',
    '<!--',
    '<a ',
    '</b>',
    'aBcd ',
    '<b>aBcd</b>',
    '&amp;',
    '%25',
    '\u2028',
  ])('four times as much of what makes many views takes no sixteen times as long: %j', (part) => {
    const redactor = knowing(TOKEN);
    const timed = (length: number): number => {
      const text = part.repeat(length / part.length);
      const start = process.cpuUsage();
      redactor.mask(text);
      return process.cpuUsage(start).user / 1000;
    };
    timed(20_000);
    expect(timed(160_000)).toBeLessThan(8 * timed(40_000) + 400);
  });

  test('eight times as many secrets, which all begin alike, do not make masking four times as dear', () => {
    const masked = (count: number): (() => number) => {
      const secrets = Array.from(
        { length: count },
        (_, index) => TOKEN + `-${index}`.repeat(1 + (index % 20)),
      );
      const stream = knowing(...secrets).stream();
      const chunk =
        `2026-01-01 compiled src/containers/plan.ts in 35 ms, ${TOKEN}-0, see build/log.txt\n`.repeat(200);
      return () => {
        const start = process.cpuUsage();
        for (let sent = 0; sent < size(2, 20) * 1e6; sent += chunk.length)
          expect(stream.push(chunk).includes(TOKEN)).toBe(false);
        return process.cpuUsage(start).user;
      };
    };
    const [few, many] = [masked(20), masked(160)];
    // The first round is the compiler's; of the others the quietest counts.
    const [, ...rounds] = Array.from({ length: 4 }, () => [few(), many()] as const);
    const quietest = (at: 0 | 1): number => Math.min(...rounds.map((round) => round[at]));
    expect(quietest(1)).toBeLessThan(4 * quietest(0));
  });
});
