import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adminTokenFile, readAdminToken } from '../../src/credentials/admin-token.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

test('a token is made once, private, and is the same for all who ask at once', async () => {
  const dir = join(await temporaryDirectory(), 'secrets');
  const tokens = await Promise.all(Array.from({ length: 8 }, async () => await readAdminToken(dir)));
  const [token = ''] = new Set(tokens.map((secret) => secret.reveal()));
  expect(new Set(tokens.map((secret) => secret.reveal())).size).toBe(1);
  expect(token).toMatch(/^[0-9a-z]{52}$/);
  expect(statSync(adminTokenFile(dir)).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, 'service')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(dir, 'service'))).toEqual(['admin-token']);
  expect((await readAdminToken(dir)).reveal()).toBe(token);
});

test('a token that others may read, or that is none, is refused with its name and never replaced', async () => {
  const dir = join(await temporaryDirectory(), 'secrets');
  await readAdminToken(dir);
  const file = adminTokenFile(dir);
  chmodSync(file, 0o644);
  await expect(readAdminToken(dir)).rejects.toMatchObject({
    code: 'admin_token_unusable',
    message: expect.stringContaining(file),
  });
  for (const text of ['', 'short', `${'x'.repeat(40)} ${'y'.repeat(40)}`]) {
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    await expect(readAdminToken(dir)).rejects.toMatchObject({ code: 'admin_token_unusable' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  }
});

test('a place where nothing can be written is reported', async () => {
  const dir = await temporaryDirectory();
  writeFileSync(join(dir, 'file'), '');
  await expect(readAdminToken(join(dir, 'file'))).rejects.toMatchObject({
    code: expect.stringMatching(/^admin_token_/),
  });
  mkdirSync(join(dir, 'service'), { mode: 0o700 });
  mkdirSync(join(dir, 'service/admin-token'));
  await expect(readAdminToken(dir)).rejects.toMatchObject({ code: 'admin_token_unusable' });
});
