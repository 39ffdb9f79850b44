import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import type { GitHubTokens } from '../../src/credentials/github/github-tokens.ts';
import { createHostGit, type HostGit } from '../../src/credentials/github/host-git.ts';
import { createRemotes } from '../../src/workspaces/remote.ts';

const TOKEN = 'ghs_16C7e42F292c6912E7710c838347Ae178B4a';
const want = { repository: 'octo/hello', permissions: { contents: 'read' }, tokenFile: '/none' } as const;

let dir: string;
let git: HostGit;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'gf-host-git-')), 'host-git');
  const token = {
    value: new Secret(TOKEN),
    expiresAt: null,
    source: { kind: 'app', username: 'x-access-token' },
  };
  const tokens = { token: async () => token, isYoung: async () => false } as unknown as GitHubTokens;
  git = createHostGit({ dir, serverUrl: 'https://github.com', tokens });
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const files = (): string[] => (existsSync(dir) ? readdirSync(dir) : []);
const remoteOf = () =>
  createRemotes({
    serverUrl: 'https://github.com',
    credentialEnv: async () => await git.environment(want),
    releaseCredential: git.release,
    ...{ hostEnv: {}, cwd: '/', stallSec: 1, mask: (text: string) => text },
  })({ id: 1, owner: 'octo', name: 'hello' });

test('the token of a command lies in a private file while it runs, and is gone when it is over, whatever came of it', async () => {
  await remoteOf().withEnv(async (env) => {
    expect(files()).toHaveLength(1);
    const file = join(dir, files()[0] ?? '');
    expect(readFileSync(file, 'utf8')).toBe(TOKEN);
    expect([statSync(file).mode & 0o777, statSync(dir).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(JSON.stringify(env)).toContain(file);
    expect(JSON.stringify(env)).not.toContain(TOKEN);
  });
  expect(files()).toEqual([]);
  const failing = remoteOf().withEnv(async () => await Promise.reject(new Error('git failed')));
  await expect(failing).rejects.toThrow('git failed');
  expect(files()).toEqual([]);
});

test('two commands at once have a file each, and the end of one leaves the other its own', async () => {
  const first = await git.environment(want);
  const second = await git.environment(want);
  expect(files()).toHaveLength(2);
  await git.release(first);
  expect(files()).toHaveLength(1);
  expect(JSON.stringify(second)).toContain(files()[0]);
  await git.release(second);
  await git.release(second);
  expect(files()).toEqual([]);
});

test('what a service that was killed left is gone with the next start, and all of it with the end', async () => {
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, 'left'), TOKEN);
  await git.start();
  expect(files()).toEqual([]);
  await git.environment(want);
  await git.close();
  expect(existsSync(dir)).toBe(false);
});
