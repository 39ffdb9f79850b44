import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostGitEnvironment } from '../../src/credentials/github/host-git.ts';
import { checkout } from '../../src/workspaces/checkouts/checkout.ts';
import { type MirrorLab, makeMirrorLab, REPOSITORY, RUN_OWNER } from '../support/git/mirror-lab.ts';

const TOKEN = 'github_pat_OfTheMirrorTest0123456789';

const privateLab = async (): Promise<MirrorLab & { tokenFile: string }> => {
  const lab = await makeMirrorLab();
  const tokenFile = join(lab.dir, 'gh token');
  writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
  lab.server.mood.token = TOKEN;
  const mirrors = lab.make({
    credentialEnv: async () => hostGitEnvironment({ tokenFile, serverUrl: lab.server.url }),
  });
  return { ...lab, mirrors, tokenFile };
};

/** Argument lists and environments of all processes that can be seen, this one left out. */
function processTexts(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) =>
      ['cmdline', 'environ'].map((file) => {
        try {
          return readFileSync(join('/proc', pid, file), 'latin1');
        } catch {
          return '';
        }
      }),
    );
}

test('a private repository is fetched by the token file, and the token is seen nowhere', async () => {
  const lab = await privateLab();
  const commit = lab.origin.commit({ 'a.txt': 'one' });
  lab.server.mood.delayMs = 100;
  let seen = 0;
  let watching = true;
  const watcher = (async () => {
    while (watching) {
      const texts = processTexts();
      seen += texts.filter((text) => text.includes('git-remote-http')).length;
      expect(texts.filter((text) => text.includes(TOKEN))).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  const { mirror } = await lab.mirrors.fetch(REPOSITORY, {});
  watching = false;
  await watcher;
  expect(seen).toBeGreaterThan(0);
  const repo = join(lab.dir, 'repo');
  await checkout({
    mirror,
    commit,
    branch: 'main',
    dir: repo,
    owner: RUN_OWNER,
    originUrl: `${lab.server.url}/o/r.git`,
  });
  for (const dir of [lab.mirrorDir, repo])
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    ))
      expect(readFileSync(join(entry.parentPath, entry.name)).includes(TOKEN)).toBe(false);
  expect(JSON.stringify(lab.log)).not.toContain(TOKEN);
  expect(lab.server.requests.map((request) => request.url).join()).not.toContain(TOKEN);
  expect(lab.server.requests.at(-1)?.authorization).toBe(`x-access-token:${TOKEN}`);
});

test('a token that the server does not take is a refused login, and is not in the message', async () => {
  const lab = await privateLab();
  writeFileSync(lab.tokenFile, 'another-token\n');
  lab.origin.commit({ 'a.txt': 'one' });
  const error = await lab.mirrors.fetch(REPOSITORY, {}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'repository_login_refused' });
  expect(String(error)).not.toContain('another-token');
});

test('what git says in a failure goes through the mask', async () => {
  const lab = await makeMirrorLab();
  const mirrors = lab.make({
    serverUrl: 'http://nowhere.invalid',
    redact: (text) => text.replaceAll('nowhere', '[masked]'),
  });
  await expect(mirrors.fetch(REPOSITORY, {})).rejects.toMatchObject({
    message: expect.stringContaining('[masked].invalid'),
  });
});

test('what reading the credential throws is thrown on', async () => {
  const lab = await makeMirrorLab();
  const mirrors = lab.make({ credentialEnv: async () => await Promise.reject(new Error('no token')) });
  await expect(mirrors.fetch(REPOSITORY, {})).rejects.toThrow('no token');
});
