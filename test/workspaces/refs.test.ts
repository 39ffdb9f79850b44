import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkRef } from '../../src/workspaces/refs.ts';
import { size } from '../support/suite/size.ts';

const allows = (ref: string): boolean => {
  try {
    checkRef(ref);
    return true;
  } catch {
    return false;
  }
};

const gitAllows = (ref: string): boolean =>
  !ref.includes('\0') && spawnSync('git', ['check-ref-format', `refs/heads/${ref}`]).status === 0;

test.each([
  'main',
  'v1.0',
  'feature/a-b_c',
  'github-flows/0abc',
  'ü/ñ',
  'a@b',
  'a{b',
  '1',
  'HEAD',
  'x.locked',
])('%j is a ref', (ref) => {
  expect([allows(ref), gitAllows(ref)]).toEqual([true, true]);
});

test('whatever is allowed, git allows too, and takes for no option', () => {
  const part = fc.oneof(
    fc.constantFrom(
      '/',
      '.',
      '..',
      '-',
      '@',
      '@{',
      '{',
      '.lock',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      ' ',
      '\t',
      '\n',
      '\u007f',
      'ü',
      'a',
      'B',
    ),
    fc.string({ maxLength: 2, unit: 'grapheme' }),
  );
  const ref = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(ref, (text) => {
      if (allows(text)) expect([text, gitAllows(text), text.startsWith('-')]).toEqual([text, true, false]);
    }),
    { numRuns: size(400, 1_500) },
  );
});
