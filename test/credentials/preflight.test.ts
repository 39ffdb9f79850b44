import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkGhToken,
  checkSecretsDirectory,
  insideWorkspaces,
} from '../../src/credentials/inject/preflight.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

const codes = (problems: readonly { code: string }[]): string[] => problems.map(({ code }) => code);

describe('the secrets directory', () => {
  test('the secrets directory that is private and elsewhere is fit for use', async () => {
    const dir = secretsDirectory();
    expect(await checkSecretsDirectory({ secretsDir: dir, workspaceRoot: '/srv/work' })).toEqual([]);
  });

  test('the secrets directory that is missing, a file, or open to others is reported with the command', async () => {
    const dir = secretsDirectory();
    const check = (secretsDir: string) => checkSecretsDirectory({ secretsDir, workspaceRoot: '/srv/work' });
    const missing = await check(join(dir, 'no'));
    expect(codes(missing)).toEqual(['secrets_directory_missing']);
    expect(missing[0]?.hint).toContain(`install -d -m 700 ${dir}/no`);
    expect(codes(await check(secretFile(dir, 'file', '')))).toEqual(['secrets_directory_missing']);
    chmodSync(dir, 0o750);
    const open = await check(dir);
    expect(codes(open)).toEqual(['secrets_directory_readable_by_others']);
    expect(open[0]?.hint).toContain(`chmod 700 ${dir}`);
  });
});

describe('a directory of credentials inside the workspaces is refused', () => {
  const inside = async (dir: string, workspaceRoot: string): Promise<string | undefined> =>
    (await insideWorkspaces({ option: 'SECRETS_DIR', dir, workspaceRoot }))?.code;

  test('a directory of credentials inside the workspaces is refused by its name, there or not', async () => {
    expect(await inside('/srv/none/work', '/srv/none/work')).toBe('secrets_inside_workspaces');
    expect(await inside('/srv/none/work/a/../b', '/srv/none/work/')).toBe('secrets_inside_workspaces');
    expect(await inside('/srv/none/workshop', '/srv/none/work')).toBeUndefined();
    expect(await inside('/srv/none', '/srv/none/work')).toBeUndefined();
    expect(await inside('/srv/none/work/../secrets', '/srv/none/work')).toBeUndefined();
  });

  test('a directory of credentials inside the workspaces is refused by where links lead, from either side, also when the end is not there yet', async () => {
    const base = secretsDirectory();
    mkdirSync(join(base, 'work'));
    symlinkSync(join(base, 'work'), join(base, 'alias'));
    expect(await inside(join(base, 'alias/secrets'), join(base, 'work'))).toBe('secrets_inside_workspaces');
    expect(await inside(join(base, 'work/secrets'), join(base, 'alias'))).toBe('secrets_inside_workspaces');
    symlinkSync(base, join(base, 'work/out'));
    expect(await inside(join(base, 'work/out/secrets'), join(base, 'work'))).toBe(
      'secrets_inside_workspaces',
    );
    symlinkSync('round', join(base, 'round'));
    expect(await inside(join(base, 'round/secrets'), join(base, 'work'))).toBeUndefined();
  });

  test('a directory of credentials inside the workspaces is refused and told with the option that named it', async () => {
    const error = await insideWorkspaces({ option: 'RUN_DIR', dir: '/w/run', workspaceRoot: '/w' });
    expect(error?.message).toContain('RUN_DIR is /w/run');
    expect(codes(await checkSecretsDirectory({ secretsDir: '/w/s', workspaceRoot: '/w' }))).toEqual([
      'secrets_inside_workspaces',
      'secrets_directory_missing',
    ]);
  });
});

test('a token file is reported with the errors that a launch would meet', async () => {
  const dir = secretsDirectory();
  expect(await checkGhToken(secretFile(dir, 'gh-token', 'a-token'))).toEqual([]);
  writeFileSync(join(dir, 'gh-token'), '');
  expect(codes(await checkGhToken(join(dir, 'gh-token')))).toEqual(['token_file_not_raw']);
});
