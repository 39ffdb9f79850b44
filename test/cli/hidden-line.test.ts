import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHiddenLine, type Typed } from '../../src/cli/terminal/hidden-line.ts';

function typed(many: boolean, ...pieces: string[]): Typed {
  const line = createHiddenLine(many);
  let state: Typed = { state: 'open' };
  for (const piece of pieces) if (state.state === 'open') state = line.feed(piece);
  return state;
}

test.each([
  ['secret\r', 'secret'],
  ['secret\n', 'secret'],
  ['sekr\u007f\u007fcret\r', 'secret'],
  ['wrong\u0015secret\r', 'secret'],
  ['one two  \u0017three\r', 'one three'],
  ['🔑\u007f🔒\r', '🔒'],
  ['a\u001b[D\u001b[3~\u001bOPb\r', 'ab'],
  ['tab\there\u0001\r', 'tab\there'],
  ['secret\u0004', 'secret'],
])('what is typed as %j is %j', (keys, value) => {
  expect(typed(false, keys)).toEqual({ state: 'done', value, rest: '' });
});

test('comes to the same in whatever pieces the terminal sends it', () => {
  const keys = 'one\u001b[200~pasted\r\nlines\u001b[201~ two\u007f\r';
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: keys.length - 1 }));
  fc.assert(
    fc.property(cuts, (places) => {
      const ends = [...places.toSorted((one, other) => one - other), keys.length];
      const pieces = ends.map((end, at) => keys.slice(ends[at - 1] ?? 0, end));
      expect(typed(true, ...pieces)).toMatchObject({ state: 'done', value: 'onepasted\nlines tw' });
    }),
    { numRuns: 50 },
  );
});

test('a pasted text of several lines is one value, also where the terminal marks no pastes', () => {
  expect(typed(true, 'line one\rline two\rline three\r')).toMatchObject({
    value: 'line one\nline two\nline three',
  });
});

test('what was typed ahead of the next question is kept for it', () => {
  expect(typed(false, 'first\rsecond\r')).toEqual({ state: 'done', value: 'first', rest: 'second\r' });
});

test('Ctrl-C calls it off, and so does Ctrl-D before anything was typed', () => {
  expect(typed(false, 'sec\u0003')).toEqual({ state: 'off' });
  expect(typed(false, '\u0004')).toEqual({ state: 'off' });
});
