import { expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { createTokenRecords } from '../../src/credentials/github-app/token-records.ts';
import { eachDatabase } from '../support/databases/databases.ts';

const key = {
  app: 'Iv1.a@api.github.com',
  host: 'api.github.com',
  repository: 'octo/hello',
  permissions: { contents: 'write', metadata: 'read' },
};
const DAY = 86_400_000;
const NOW = Date.UTC(2030, 0, 1);

const error = new FlowError({
  code: 'github_unreachable',
  blame: 'github',
  message: 'GitHub gave no answer to ghs_secret.',
  hint: 'Wait.',
});

eachDatabase((_kind, databases) => {
  test('a failure stands beside the last token, masked, until the next one is minted; old rows go', async () => {
    const { db } = await databases.open();
    const records = createTokenRecords(db, (text) => text.replaceAll('ghs_secret', '[masked]'));
    await records.minted({ ...key, app: 'old' }, { mintedAt: NOW - 8 * DAY, expiresAt: NOW - 8 * DAY + 1 });
    await records.minted(key, { mintedAt: NOW, expiresAt: NOW + 3_600_000 });
    const other = { ...key, repository: 'Octo/Hello', permissions: { metadata: 'read', contents: 'write' } };
    await records.failed(other, { error, at: NOW + 1, nextTryAt: NOW + 2001, failures: 3 });
    expect(await records.list()).toEqual([
      {
        ...key,
        mintedAt: NOW,
        expiresAt: NOW + 3_600_000,
        failures: 3,
        lastError: {
          code: 'github_unreachable',
          message: 'GitHub gave no answer to [masked].',
          at: NOW + 1,
          nextTryAt: NOW + 2001,
        },
      },
    ]);
    await records.minted(key, { mintedAt: NOW + 5, expiresAt: NOW + 10 });
    expect(await records.list()).toMatchObject([{ mintedAt: NOW + 5, failures: 0, lastError: null }]);
  });
});
