import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPlainReader, endOfOutput } from '../../src/containers/output/plain-output.ts';

const fenced = (text: string, fence = '```') => `The end of the output:\n\n${fence}text\n${text}\n${fence}`;

test('what a handler without events says last is the end of its standard output, marked as that', () => {
  const reader = createPlainReader();
  const at = '2026-01-02T03:04:05.000000000Z';
  reader.read({ at, stream: 'stdout', text: '{"type":"turn.compl', part: true });
  reader.read({ at, stream: 'stderr', text: 'noise' });
  reader.read({ at, stream: 'stdout', text: 'eted"}' });
  reader.read({ at, stream: 'stdout', text: 'Done.' });
  expect(reader.result()).toEqual({ finalMessage: fenced('{"type":"turn.completed"}\nDone.'), usage: null });
  expect(reader.turn()).toBeNull();
});

test('a handler that printed nothing to read says nothing', () => {
  expect(createPlainReader().result().finalMessage).toBeNull();
  expect(endOfOutput(' \n\u001b[0m\r\n')).toBeNull();
});

test('long output is cut to its last whole lines, and a long line to its end', () => {
  const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index}`);
  const shown = endOfOutput(lines.join('\n')) ?? '';
  expect(shown.length).toBeLessThan(4_100);
  expect(shown).toMatch(/```text\nline \d+\n/);
  expect(shown).toContain('line 1999\n```');
  expect(endOfOutput('x'.repeat(9_000))?.match(/x/g)).toHaveLength(4_001);
});

test('no line of the output ends the block that shows it', () => {
  expect(endOfOutput('a\n````\nb')).toBe(fenced('a\n````\nb', '`````'));
});

test('what only steers a terminal is left out', () => {
  expect(endOfOutput('10 %\r50 %\r100 %\n\u001b[32mgreen\u001b[0m\u202e\tx')).toBe(fenced('100 %\ngreen\tx'));
});

test('any output stays within its bound, in one block', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20_000 }), (text) => {
      const shown = endOfOutput(text) ?? fenced('');
      const fence = /^`{3,}/m.exec(shown)?.[0] ?? '';
      expect(shown.split('\n').filter((line) => line.startsWith(fence))).toHaveLength(2);
      expect(shown.length).toBeLessThan(4_100 + 2 * fence.length);
    }),
    { numRuns: 30 },
  );
});
