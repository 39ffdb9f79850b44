import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type GitHubApi, startGitHubApi } from '../support/github/api.ts';
import { makeApp, makeInstallation, type StoodApp } from '../support/github/apps.ts';
import { type CommandResult, runCommandWith } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

let api: GitHubApi;
let dir: string;
let file: string;
let settings: Record<string, string>;
let stood: StoodApp;
beforeEach(async () => {
  api = await startGitHubApi();
  onTestFinished(api.close);
  dir = await temporaryDirectory();
  mkdirSync(join(dir, 'private'), { mode: 0o700 });
  file = join(dir, 'private/apps.json');
  settings = {
    SECRETS_DIR: join(dir, 'secrets'),
    VAR_DIR: join(dir, 'var'),
    PROFILES_DIR: join(dir, 'profiles'),
    RUN_DIR: join(dir, 'run'),
    GITHUB_API_URL: api.url,
    APPS_FILE: file,
    DOCKER_HOST: `unix://${dir}/no-engine.sock`,
    WEBHOOK_SECRET: '0123456789abcdefghij',
  };
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
  mkdirSync(join(dir, 'profiles'));
  stood = makeApp();
  api.apps.apps.push(stood);
  stood.installations.push(makeInstallation('octo', 'octo/hello'));
  api.repositories.add('octo/hello');
});

const cli = async (...argv: string[]): Promise<CommandResult> =>
  await runCommandWith({ input: '' }, dir, settings, ...argv);

const described = (app: StoodApp, over: object = {}): object => ({
  githubAppInstallation: { clientId: app.clientId, privateKey: app.pem, ...over },
});

const write = (content: unknown, mode = 0o600): void =>
  writeFileSync(file, JSON.stringify(content), { mode });

describe('APPS_FILE', () => {
  test('APPS_FILE gives its Apps to every command that asks for Apps, beside those in the store', async () => {
    const other = makeApp();
    api.apps.apps.push(other);
    const add = ['app', 'add', '--client-id', other.clientId, '--key-file', '-'];
    await runCommandWith({ input: other.pem }, dir, settings, ...add);
    write([described(stood, { urlPattern: '(?<baseUrl>github.com)/octo/.*' })]);
    const listed = JSON.parse((await cli('app', 'list', '--json')).out);
    expect(listed).toMatchObject([{ clientId: stood.clientId }, { clientId: other.clientId }]);
    const tested = await cli('app', 'test', stood.clientId, '--repository', 'octo/hello');
    expect(tested.out).toContain('✓ octo, installation');
    expect(tested.out).toContain(`octo/hello is served by the App ${stood.clientId}`);
    const { checks } = JSON.parse((await cli('doctor', '--repository', 'octo/hello', '--json')).out);
    const found = Object.fromEntries(checks.map(({ name, ...rest }: { name: string }) => [name, rest]));
    expect(found.apps.detail).toContain(`${stood.slug} on octo`);
    expect(found.repository).toMatchObject({ problems: [] });
  });

  test('APPS_FILE takes a single App, and one that is in the store too is the file’s', async () => {
    write(described(stood, { username: 'from-the-file' }));
    const add = [
      'app',
      'add',
      '--client-id',
      stood.clientId,
      '--key-file',
      '-',
      '--username',
      'from-the-store',
    ];
    await runCommandWith({ input: stood.pem }, dir, settings, ...add);
    expect(JSON.parse((await cli('app', 'list', '--json')).out)).toMatchObject([
      { clientId: stood.clientId, username: 'from-the-file' },
    ]);
    const removed = JSON.parse((await cli('app', 'remove', stood.clientId, '--json')).out);
    expect(removed.error).toMatchObject({ code: 'app_of_file', hint: expect.stringContaining(file) });
  });

  test.each([
    ['is not there', () => undefined, 'is not there'],
    ['is open to others', () => write([described(stood)], 0o644), 'open to other accounts'],
    [
      'is in a directory open to others',
      () => {
        write([]);
        chmodSync(join(dir, 'private'), 0o755);
      },
      'chmod 700',
    ],
    ['is not JSON', () => writeFileSync(file, '{', { mode: 0o600 }), 'it is not JSON'],
    ['has no App', () => write([{}]), 'no object "githubAppInstallation"'],
    ['has an unknown key', () => write([described(stood, { privatKey: '' })]), '"privatKey" is no key of it'],
    ['has a wrong pattern', () => write([described(stood, { urlPattern: '(' })]), 'URL pattern'],
    ['has no key', () => write([described(stood, { privateKey: 'none' })]), 'private key'],
    ['has a secret to guess', () => write([described(stood, { webhookSecret: 'short' })]), 'can be guessed'],
    ['has one App twice', () => write([described(stood), described(stood)]), 'one App twice'],
  ])('that %s is told, without the key', async (_how, make, words) => {
    make();
    const { code, err } = await cli('app', 'list');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('apps_file_unusable') });
    expect(err).toContain(words);
    expect(err).not.toContain(stood.pem.split('\n')[2]);
  });

  test('APPS_FILE that is invalid keeps the service from starting, and doctor says why', async () => {
    write([{}]);
    expect(await cli('serve')).toMatchObject({ code: 1, err: expect.stringContaining('apps_file_unusable') });
    delete settings.WEBHOOK_SECRET;
    expect((await cli('serve')).err).toContain('apps_file_unusable');
    const { checks } = JSON.parse((await cli('doctor', '--json')).out);
    const { problems } = checks.find(({ name }: { name: string }) => name === 'apps');
    expect(problems).toMatchObject([{ code: 'apps_file_unusable' }]);
  });
});
