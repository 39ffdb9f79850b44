import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { makeApp, makeInstallation, type StoodApp } from '../support/github/apps.ts';
import { appJson } from '../support/service/app-tokens.ts';
import { runCommandWith } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

type Problem = { code: string; message: string; hint: string };

let api: GitHubApi;
let dir: string;
let settings: Record<string, string>;
let stood: StoodApp;
beforeEach(async () => {
  api = await startGitHubApi();
  onTestFinished(api.close);
  dir = await temporaryDirectory();
  settings = {
    SECRETS_DIR: join(dir, 'secrets'),
    PROFILES_DIR: join(dir, 'profiles'),
    GITHUB_API_URL: api.url,
    DOCKER_HOST: `unix://${dir}/no-engine.sock`,
    WEBHOOK_SECRET: '0123456789abcdefghij',
    GITHUB_FLOWS_PASSPHRASE: 'a passphrase of this test',
  };
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
  mkdirSync(join(dir, 'profiles/deploy'), { recursive: true });
  stood = makeApp();
  api.apps.apps.push(stood);
  stood.installations.push(makeInstallation('octo', 'octo/hello'));
  api.repositories.add('octo/hello');
  profile({ repository: 'octo/hello' });
});

const cli = async (input: string, ...argv: string[]) =>
  await runCommandWith({ input }, dir, settings, ...argv);

function profile(trigger: object, permissions: object = { contents: 'write' }): void {
  const text = JSON.stringify({
    trigger: { event: 'push', branch: 'main', ...trigger },
    execution: {
      handler: { type: 'shell', command: ['true'] },
      runtime: { image: 'image:1', network: 'none' },
    },
    credentials: { github: { app: 'DEPLOY_APP', permissions } },
  });
  writeFileSync(join(dir, 'profiles/deploy/profile.json'), text);
}

async function needs(check = 'needs of deploy'): Promise<{ detail: string; problems: Problem[] }> {
  const { checks } = JSON.parse((await cli('', 'doctor', '--json')).out);
  return checks.find(({ name }: { name: string }) => name === check);
}

async function warnings(): Promise<(Problem & { file: string; path: string })[]> {
  return JSON.parse((await cli('', 'profiles', 'validate', '--json')).out).warnings;
}

const store = async (text: string, ...more: string[]): Promise<void> =>
  expect(await cli(text, 'secret', 'set', 'DEPLOY_APP', ...more)).toMatchObject({ code: 0 });

test('a secret that is absent or holds no App is told by profiles validate and by doctor, by name', async () => {
  const place = { file: join(dir, 'profiles/deploy/profile.json'), path: '/credentials/github/app' };
  expect(await warnings()).toMatchObject([{ code: 'secret_missing', ...place }]);
  expect(await cli('', 'profiles', 'validate', '--strict')).toMatchObject({ code: 1 });
  expect(await needs()).toMatchObject({
    detail: 'the App in the secret DEPLOY_APP',
    problems: [{ code: 'secret_missing', message: expect.stringContaining('DEPLOY_APP') }],
  });
  await store(stood.pem);
  expect(await warnings()).toMatchObject([{ code: 'app_secret_invalid', ...place }]);
  const [problem] = (await needs()).problems;
  expect(problem).toMatchObject({ code: 'app_secret_invalid' });
  expect(JSON.stringify(problem)).not.toContain(stood.pem.split('\n')[2]);
});

test('the App in the profile’s own store is found before a global one, and nothing is wrong with it', async () => {
  await store('no App');
  await store(appJson(stood), '--profile', 'deploy');
  expect(await warnings()).toEqual([]);
  expect(await needs()).toMatchObject({ detail: 'the App in the secret DEPLOY_APP', problems: [] });
  expect(await needs('gh-token')).toMatchObject({ problems: [] });
});

test('an App that does not serve what the trigger names is told: by its pattern without asking GitHub', async () => {
  await store(appJson(stood, { urlPattern: '(?<baseUrl>github.com)/acme/.*' }));
  expect(await warnings()).toMatchObject([
    { code: 'app_secret_not_serving', message: expect.stringContaining('octo/hello') },
  ]);
  expect(api.requests).toEqual([]);
  expect((await needs()).problems).toMatchObject([{ code: 'app_secret_not_serving' }]);

  await store(appJson(stood));
  profile({ repository: ['octo/hello', 'octo/beyond'] });
  expect(await warnings()).toEqual([]);
  expect((await needs()).problems).toMatchObject([
    { code: 'app_secret_not_serving', message: expect.stringContaining('octo/beyond') },
  ]);
});

test('an App that serves nothing, or lacks what the profile asks for, is told by doctor', async () => {
  profile({}, { contents: 'write', workflows: 'write' });
  await store(appJson(stood));
  expect((await needs()).problems).toMatchObject([
    { code: 'app_permissions_incomplete', message: expect.stringContaining('workflows') },
  ]);
  profile({});
  await store(appJson(stood, { urlPattern: '(?<baseUrl>github.com)/acme/.*' }));
  expect((await needs()).problems).toMatchObject([
    { code: 'app_pattern_serves_nothing', hint: expect.stringContaining('DEPLOY_APP') },
  ]);
  stood.installations = [];
  await store(appJson(stood));
  expect((await needs()).problems).toMatchObject([{ code: 'app_without_installation' }]);
  await store(appJson(stood, { apiUrl: 'http://127.0.0.1:9' }));
  expect(await warnings()).toMatchObject([{ code: 'app_secret_not_serving' }]);
});
