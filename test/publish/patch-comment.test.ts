import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patchComment, readPatch } from '../../src/flow/reporting/patch-comment.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const comment = (text: string): string =>
  patchComment({
    runId: 'r',
    mark: '<!-- m -->',
    title: 't'.repeat(250),
    patch: { text, bytes: text.length },
  });

test.each([
  ['rows of backticks', '`'.repeat(70_000)],
  ['rows of backticks and of tildes', `${'`'.repeat(600)}\n${'~'.repeat(600)}\n${'x'.repeat(70_000)}`],
  ['characters of two halves', '😀'.repeat(40_000)],
])('a patch with %s fits into a comment, whole characters only', (_name, text) => {
  const body = comment(text);
  expect(body.length).toBeLessThan(65_536);
  expect(body.isWellFormed()).toBe(true);
  expect(body).toContain(`${text.length} bytes is kept with the run`);
});

test('a row of backticks does not close the fence', () => {
  expect(comment('a\n````\nb')).toContain('`````diff\na\n````\nb\n`````\n');
  expect(comment(`a\n${'`'.repeat(600)}\nb`)).toContain('\n~~~diff\n');
});

test('a huge patch is read no further than it is shown, and masked before it is cut', async () => {
  const file = join(await temporaryDirectory(), 'changes.patch');
  writeFileSync(file, `secret${'x'.repeat(5_000_000)}`);
  const patch = await readPatch(file, (text) => text.replace('secret', '***'));
  expect(patch.bytes).toBe(5_000_006);
  expect(patch.text.length).toBeLessThan(1_100_000);
  expect(patch.text.startsWith('***x')).toBe(true);
});
