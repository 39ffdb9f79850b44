import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRedactor } from '../../src/log/redact.ts';
import { writeMasked } from '../../src/publish/bundle/keep-changes.ts';
import { maskPatch } from '../../src/publish/left/mask-patch.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const VALUE = '0123456789abcdefghijklmnopqrstuvwxyz';

const redactor = createRedactor();
redactor.add(VALUE);

/** As `git diff --binary` writes it. */
const HOLDS_VALUE = `GIT binary patch
literal 43
ycmYdfNY5yUH!w6ZHZe6bx3El1N=\`{lOV7y6%FfBn%P%M_DlRE4E3c@mVgLXxO%E&p

literal 0
HcmV?d00001

`;
const HARMLESS = `GIT binary patch
literal 10
RcmYdf$Ve>8%}FgT1^^Pk1Hk|Q

literal 0
HcmV?d00001

`;

test('a patch loses the contents of a binary file that holds a value, and keeps those of others', () => {
  const patch = `diff --git a/b b/b\n${HOLDS_VALUE}diff --git a/c b/c\n${HARMLESS}diff --git a/t b/t\n+token ${VALUE}\n`;
  const masked = maskPatch(patch, redactor.mask);
  expect(masked).toBe(
    `diff --git a/b b/b\nBinary contents, not kept: they hold what is masked, or cannot be looked into.\ndiff --git a/c b/c\n${HARMLESS}diff --git a/t b/t\n+token [masked]\n`,
  );
});

test.each([
  ['no base85', HARMLESS.replace('$Ve', '"Ve')],
  ['nothing that can be unfolded', HARMLESS.replace('RcmYdf', 'RcmYdg')],
  ['a value in its own letters', `GIT binary patch\nliteral 36\nZ${VALUE}\n\n`],
])('contents that are %s are not kept', (_, block) => {
  const masked = maskPatch(`diff --git a/c b/c\n${block}`, redactor.mask);
  expect(masked).toContain('Binary contents, not kept');
  expect(masked).not.toContain(VALUE);
});

test('a patch without anything to mask is the same', () => {
  const patch = `diff --git a/c b/c\n${HARMLESS}\n# stash@{0}\n\n${HARMLESS}`;
  expect(maskPatch(patch, redactor.mask)).toBe(patch);
});

test('a masked patch has its lines beside it without what git puts before them', async () => {
  const dir = await temporaryDirectory();
  const patch = join(dir, 'text.patch');
  const lines = `${'x'.repeat(70_000)}\n+a${VALUE}b\n-c\n d\n`;
  writeFileSync(patch, lines);
  const file = await writeMasked(patch, join(dir, 'masked'), redactor.stream);
  expect(readFileSync(String(file), 'utf8')).toBe(lines.replace(VALUE, '[masked]'));
  expect(readFileSync(join(dir, 'masked/bare'), 'utf8')).toBe(`${'x'.repeat(70_000)}\na[masked]b\nc\nd\n`);
});
