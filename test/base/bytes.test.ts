import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBytes } from '../../src/base/bytes.ts';

test.each([
  ['0', 0],
  ['1048576', 1_048_576],
  ['32b', 32],
  ['32k', 32_768],
  ['32K', 32_768],
  ['32kb', 32_768],
  ['32KiB', 32_768],
  ['32 kb', 32_768],
  ['512m', 536_870_912],
  ['1.5g', 1_610_612_736],
  ['0.5k', 512],
  ['1t', 1_099_511_627_776],
  ['2P', 2_251_799_813_685_248],
])('%s is %d bytes, as docker reads it', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  '',
  ' ',
  'm',
  '-1',
  '+1',
  '1e9',
  '0x10',
  '1,5g',
  '1.g',
  '.5g',
  '1  k',
  ' 1k',
  '1k ',
  '10e',
  '1kk',
  '1i',
  '1ib',
  '٣',
  'Infinity',
  'NaN',
  '9'.repeat(17),
  '9000p',
  '1\n',
])('%j is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

test('whatever is read is a whole number of bytes that JavaScript holds exactly', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 24 }), (text) => {
      const bytes = parseBytes(text);
      return bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= 0);
    }),
  );
});

test('a long text that is nearly a size is refused at once', () => {
  expect(parseBytes('1'.repeat(1_000_000))).toBeUndefined();
});
