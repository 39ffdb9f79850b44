import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  isAbout,
  isWholeQuestion,
  readQuestion,
  repositoryIn,
  writeAnswer,
} from '../../src/credentials/github/helper-protocol.ts';
import { makeRepository } from '../support/git/repository.ts';
import { startGitServer } from '../support/git/server.ts';
import { startGitHubApi } from '../support/github/api.ts';
import { makeApp, makeInstallation } from '../support/github/apps.ts';
import { runCommandWith } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const TOKEN = 'ghp_TheTokenOfTheHelperCommand0123456789';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const run = promisify(execFile);

let dir: string;
let settings: Record<string, string>;
beforeEach(async () => {
  dir = await temporaryDirectory();
  settings = { SECRETS_DIR: join(dir, 'secrets'), VAR_DIR: join(dir, 'var') };
  mkdirSync(settings.SECRETS_DIR as string, { mode: 0o700 });
});

const putToken = (): void => writeFileSync(join(dir, 'secrets/gh-token'), `${TOKEN}\n`, { mode: 0o600 });

const ask = async (input: string, ...argv: string[]): Promise<{ code: number; out: string; err: string }> =>
  await runCommandWith({ input }, dir, settings, 'github-token', ...argv);

const QUESTION = 'protocol=https\nhost=github.com\n';
const SILENT = { code: 0, out: '', err: '' };

describe('github-token', () => {
  test.each([
    ['as git asks', QUESTION],
    ['with an empty line and more after it', `${QUESTION}\nhost=evil.example\n`],
    ['with attributes that it does not know', `capability[]=authtype\n${QUESTION}wwwauth[]=Basic\nx\n\n`],
    ['with the port that goes without saying', 'protocol=https\nhost=github.com:443\n\n'],
    ['in capitals', 'protocol=https\nhost=GitHub.com\n\n'],
  ])('get answers %s with the token of the file', async (_how, input) => {
    putToken();
    const { code, out, err } = await ask(input, 'get');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      new RegExp(
        `^protocol=https\\nhost=github\\.com(:443)?\\nusername=x-access-token\\npassword=${TOKEN}\\n$`,
        'i',
      ),
    );
  });

  test.each([
    ['another host', 'protocol=https\nhost=github.com.evil.example\n\n', 'get'],
    ['a host below', 'protocol=https\nhost=api.github.com\n\n', 'get'],
    ['another port', 'protocol=https\nhost=github.com:8443\n\n', 'get'],
    ['http', 'protocol=http\nhost=github.com\n\n', 'get'],
    ['a host that is an address', 'protocol=https\nhost=github.com/@evil.example\n\n', 'get'],
    ['a host with a user', 'protocol=https\nhost=evil@github.com\n\n', 'get'],
    ['no host', 'protocol=https\n\n', 'get'],
    ['nothing', '', 'get'],
    ['what is to be stored', `${QUESTION}username=u\npassword=p\n\n`, 'store'],
    ['what is to be erased', `${QUESTION}\n`, 'erase'],
    ['an action of tomorrow', `${QUESTION}\n`, 'approve'],
  ])('has no word for %s', async (_what, input, action) => {
    putToken();
    expect(await ask(input, action)).toEqual(SILENT);
  });

  test('github-token has no word without a token, and tells on standard error of an invalid one', async () => {
    expect(await ask(QUESTION, 'get')).toEqual(SILENT);
    writeFileSync(join(dir, 'secrets/gh-token'), TOKEN, { mode: 0o644 });
    const { code, out, err } = await ask(QUESTION, 'get');
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('token_file_readable_by_others');
    expect(err).not.toContain(TOKEN);
  });

  test('github-token gives an App’s token for the repository that git names, or the option, with its end', async () => {
    const api = await startGitHubApi();
    onTestFinished(api.close);
    settings.GITHUB_API_URL = api.url;
    const stood = makeApp();
    api.apps.apps.push(stood);
    stood.installations.push(makeInstallation('octo', 'octo/hello'));
    api.repositories.add('octo/hello');
    const add = ['app', 'add', '--client-id', stood.clientId, '--key-file', '-', '--username', 'robot[bot]'];
    await runCommandWith({ input: stood.pem }, dir, settings, ...add);
    const { out } = await ask(`${QUESTION}path=octo/hello.git\n\n`, 'get');
    const token = api.apps.tokens.at(-1);
    expect(token?.repositories).toEqual(['octo/hello']);
    expect(out).toMatch(
      new RegExp(
        `^protocol=https\\nhost=github.com\\nusername=robot\\[bot\\]\\npassword=${token?.value}\\npassword_expiry_utc=\\d{10}\\n$`,
      ),
    );
    const named = await ask(QUESTION, 'get', '--repository', 'octo/hello');
    expect(named.out).toContain(`password=${api.apps.tokens.at(-1)?.value}\n`);
    expect(await ask(QUESTION, 'get')).toEqual(SILENT);
    const none = await ask(`${QUESTION}path=octo/none.git\n\n`, 'get');
    expect({ code: none.code, out: none.out }).toEqual({ code: 0, out: '' });
    expect(none.err).toContain('app_not_installed');
  });

  test('serves real git that clones and pushes, whatever .env its repository has', async () => {
    mkdirSync(join(dir, 'git'));
    const repository = makeRepository(join(dir, 'git'), 'octo', 'hello');
    repository.commit({ 'README.md': '# Hello\n', '.env': 'GITHUB_API_URL=none\n' });
    const server = await startGitServer(join(dir, 'git'));
    onTestFinished(server.close);
    server.mood.accepts = (password) => password === TOKEN;
    putToken();
    const config = join(dir, 'gitconfig');
    writeFileSync(
      config,
      `[user]\n\tname = n\n\temail = n@example.org\n[credential]\n\thelper = "!'${process.execPath}' '${MAIN}' github-token"\n`,
    );
    const env = {
      ...{ PATH: process.env.PATH ?? '', HOME: dir, GIT_CONFIG_GLOBAL: config, GIT_CONFIG_NOSYSTEM: '1' },
      ...{ GIT_TERMINAL_PROMPT: '0', GITHUB_SERVER_URL: server.url },
      ...settings,
    };
    const git = async (cwd: string, ...argv: string[]): Promise<string> =>
      (await run('git', argv, { cwd, env })).stdout;
    await git(dir, 'clone', '-q', `${server.url}/octo/hello.git`, 'clone');
    const clone = join(dir, 'clone');
    await git(clone, 'commit', '-q', '--allow-empty', '-m', 'From the helper');
    await git(clone, 'push', '-q', 'origin', 'HEAD:refs/heads/pushed');
    expect(repository.git('log', '-1', '--format=%s', 'refs/heads/pushed')).toBe('From the helper');
    expect(server.requests.map(({ authorization }) => authorization)).toContain(`x-access-token:${TOKEN}`);
  });
});

describe('the protocol of credential helpers', () => {
  test.each([
    ['', false],
    ['protocol=https\n', false],
    ['protocol=https\nhost=h\n\n', true],
    ['protocol=https\r\nhost=h\r\n\r\n', true],
    ['\n', true],
  ])('%j is a whole question: %s', (text, isWhole) => {
    expect(isWholeQuestion(text)).toBe(isWhole);
  });

  test.each([
    ['octo/hello.git', 'https://github.com', 'octo/hello'],
    ['octo/hello', 'https://github.com', 'octo/hello'],
    ['octo/hello.git/info/lfs', 'https://github.com', 'octo/hello'],
    ['octo/hello.wiki.git', 'https://github.com', 'octo/hello'],
    ['octo/hello.wiki', 'https://github.com', 'octo/hello'],
    ['prefix/octo/hello.git', 'https://ghe.example.org/prefix', 'octo/hello'],
    ['octo', 'https://github.com', undefined],
    ['../..', 'https://github.com', undefined],
    ['octo/%2e%2e', 'https://github.com', undefined],
    ['', 'https://github.com', undefined],
  ])('the path %j below %s leads to %s', (path, serverUrl, repository) => {
    expect(repositoryIn(readQuestion(`path=${path}\n`), serverUrl)).toBe(repository);
  });

  test.each([
    ['https', 'octo.ghe.com', 'https://octo.ghe.com', true],
    ['https', 'other.ghe.com', 'https://octo.ghe.com', false],
    ['http', '[::1]:8080', 'http://[::1]:8080', true],
    ['file', '', 'file:///srv/git', false],
    ['ssh', 'github.com', 'https://github.com', false],
  ])('%s://%s is about %s: %s', (protocol, host, serverUrl, is) => {
    expect(isAbout(readQuestion(`protocol=${protocol}\nhost=${host}\n`), serverUrl)).toBe(is);
  });

  test('a token that has ended is no answer', () => {
    const question = readQuestion('protocol=https\nhost=h\nusername=me\n');
    const answer = { username: 'u', password: 'p', expiresAt: 5_000 };
    expect(writeAnswer(question, answer, 5_000)).toBe('');
    expect(writeAnswer(question, answer, 4_999)).toBe(
      'protocol=https\nhost=h\nusername=me\npassword=p\npassword_expiry_utc=5\n',
    );
    expect(writeAnswer(question, undefined, 0)).toBe('');
  });
});
