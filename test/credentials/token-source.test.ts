import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTokenSource } from '../../src/credentials/github/gh-token-file.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

test('a token put in the place of another is used at once, and both stay masked', async () => {
  const dir = secretsDirectory();
  const file = secretFile(dir, 'gh-token', 'first-token\n');
  const redactor = createRedactor();
  const source = createTokenSource({ ghTokenFile: file, redactor });
  expect(await source.token()).toBe('first-token');
  renameSync(secretFile(dir, 'new', 'other-token\n'), file);
  expect(await source.token()).toBe('other-token');
  expect(await source.token()).toBe('other-token');
  expect(redactor.mask('first-token other-token')).toBe('[masked] [masked]');
});

test('no token file means no token, also when it went away', async () => {
  const file = secretFile(secretsDirectory(), 'gh-token', 'a-token');
  const source = createTokenSource({ ghTokenFile: file, redactor: createRedactor() });
  expect(await source.token()).toBe('a-token');
  rmSync(file);
  expect(await source.token()).toBeUndefined();
  const nowhere = createTokenSource({ ghTokenFile: join(file, '../no/where'), redactor: createRedactor() });
  expect(await nowhere.token()).toBeUndefined();
});

test('a token file that was opened to others is an error from then on', async () => {
  const file = secretFile(secretsDirectory(), 'gh-token', 'a-token');
  const source = createTokenSource({ ghTokenFile: file, redactor: createRedactor() });
  await source.token();
  chmodSync(file, 0o644);
  await expect(source.token()).rejects.toMatchObject({ code: 'token_file_readable_by_others' });
});
