import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { findSecrets } from '../../src/credentials/find-secrets.ts';
import { secretsDirectory } from '../support/secrets-directory.ts';

const TOKEN = 'the-token-that-was-handed-out';
const secrets = [new Secret('another-value'), new Secret(TOKEN)];

test('a value that an agent left in its workspace is found, across the borders of what is read at once', async () => {
  const dir = secretsDirectory();
  mkdirSync(join(dir, 'repo/.git'), { recursive: true });
  writeFileSync(join(dir, 'repo/.git/config'), `url = https://x:${TOKEN}@github.com\n`);
  writeFileSync(
    join(dir, 'repo/border'),
    Buffer.concat([Buffer.alloc(1024 * 1024 - 5, 'x'), Buffer.from(TOKEN)]),
  );
  writeFileSync(join(dir, 'repo/clean'), 'nothing');
  writeFileSync(join(dir, 'repo/empty'), '');
  expect((await findSecrets(dir, secrets, 10)).toSorted()).toEqual(['repo/.git/config', 'repo/border']);
  expect(await findSecrets(dir, secrets, 1)).toHaveLength(1);
  expect(await findSecrets(dir, [], 10)).toEqual([]);
  expect(await findSecrets(join(dir, 'not'), secrets, 10)).toEqual([]);
});

test('links, pipes, endless folders and terabytes of holes do not lead astray', async () => {
  const dir = secretsDirectory();
  const outside = secretsDirectory();
  writeFileSync(join(outside, 'secret'), TOKEN);
  symlinkSync(outside, join(dir, 'folder'));
  symlinkSync(join(outside, 'secret'), join(dir, 'file'));
  symlinkSync('.', join(dir, 'round'));
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  writeFileSync(join(dir, 'holes'), '');
  truncateSync(join(dir, 'holes'), 2 ** 40);
  mkdirSync(join(dir, ...Array.from({ length: 300 }, () => 'd')), { recursive: true });
  expect(await findSecrets(dir, secrets, 10)).toEqual([]);
});
