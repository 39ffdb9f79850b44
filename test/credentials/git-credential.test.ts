import { execFile, execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hostGitEnvironment } from '../../src/credentials/github/host-git.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

const TOKEN = 'github_pat_TheTokenOfThisTest0123456789';
const COMMIT = 'c'.repeat(40);
const run = promisify(execFile);

/** Git's answer to "which credential for this address?", with nothing but our environment and PATH. */
function askGit(address: string, environment: Record<string, string>): string {
  const { protocol, host } = new URL(address);
  const input = `protocol=${protocol.slice(0, -1)}\nhost=${host}\n\n`;
  try {
    const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment };
    return execFileSync('git', ['credential', 'fill'], { input, env, stdio: 'pipe' }).toString();
  } catch (error) {
    return `refused: ${(error as { stderr: Buffer }).stderr}`;
  }
}

/** A dumb git server that wants the token; `look` is called while git waits for its answer. */
async function gitServer(look: () => void): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    const { authorization } = request.headers;
    seen.push(authorization ?? 'none');
    if (!authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    look();
    if (request.url?.startsWith('/o/n.git/info/refs')) response.end(`${COMMIT}\trefs/heads/main\n`);
    else response.end('ref: refs/heads/main\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Every command line and environment on this machine that holds the token. */
function processesWith(value: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .filter((path) => {
      try {
        return readFileSync(path).includes(value);
      } catch {
        return false;
      }
    });
}

test('git reaches a private repository, and the token is in no argument and no variable meanwhile', async () => {
  const tokenFile = secretFile(secretsDirectory(), 'gh-token', `${TOKEN}\r\n`);
  const leaks: string[] = [];
  const { url, seen } = await gitServer(() => leaks.push(...processesWith(TOKEN)));
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: '/nonexistent',
    ...hostGitEnvironment({ tokenFile, serverUrl: url }),
  };
  const { stdout } = await run('git', ['ls-remote', `${url}/o/n.git`], { env });
  expect(stdout).toContain(`${COMMIT}\trefs/heads/main`);
  expect(seen[0]).toBe('none');
  expect(seen).toContain(`Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`);
  expect(leaks).toEqual([]);
  expect(JSON.stringify(env)).not.toContain(TOKEN);
});

describe('the helper', () => {
  const answer = `username=x-access-token\npassword=${TOKEN}\n`;

  test.each([
    ['https://github.com', 'https://github.com/o/n.git'],
    ['https://github.com/', 'https://github.com/o/n.git'],
    ['https://github.com:443', 'https://github.com/o/n.git'],
    ['https://someone:word@github.example.com/prefix', 'https://github.example.com/prefix/o/n.git'],
    ['http://[::1]:8080', 'http://[::1]:8080/o/n.git'],
  ])('the credential helper of %s answers for %s', (serverUrl, address) => {
    const tokenFile = secretFile(secretsDirectory(), 'gh-token', TOKEN);
    expect(askGit(address, hostGitEnvironment({ tokenFile, serverUrl }))).toContain(answer);
  });

  test.each([
    'http://github.com',
    'https://github.com:8443',
    'https://github.com.evil.example',
    'https://evil.example',
    'https://api.github.com',
  ])('the credential helper of https://github.com has no answer for %s', (address) => {
    const tokenFile = secretFile(secretsDirectory(), 'gh-token', TOKEN);
    const told = askGit(address, hostGitEnvironment({ tokenFile, serverUrl: 'https://github.com' }));
    expect(told).toMatch(/^refused/);
    expect(told).not.toContain(TOKEN);
  });

  test('answers until its token ends, and not from then on', () => {
    const tokenFile = secretFile(secretsDirectory(), 'gh-token', TOKEN);
    const told = (expiresAt: number | null): string =>
      askGit(
        'https://github.com/o/n.git',
        hostGitEnvironment({ tokenFile, serverUrl: 'https://github.com', expiresAt }),
      );
    expect(told(Date.now() + 60_000)).toContain(answer);
    expect(told(null)).toContain(answer);
    expect(told(Date.now() - 1_000)).toMatch(/^refused/);
  });

  test('the credential helper takes the place of every helper that was configured before', () => {
    const dir = secretsDirectory();
    const tokenFile = secretFile(dir, 'gh-token', TOKEN);
    const other = '!f() { echo username=other; echo password=other; }; f';
    const config = secretFile(
      dir,
      'gitconfig',
      `[credential]\n\thelper = "${other}"\n[credential "https://github.com"]\n\thelper = "${other}"\n`,
    );
    const environment = hostGitEnvironment({ tokenFile, serverUrl: 'https://github.com' });
    const env = { ...environment, GIT_CONFIG_GLOBAL: config };
    expect(askGit('https://github.com/o/n', env)).toContain(answer);
    expect(askGit('https://elsewhere.example/o/n', env)).toMatch(/^refused/);
  });

  test.each(['it\'s a "strange" $(id) `id` dir; \\', 'new\nline', '-dash', 'ünï'])(
    'the credential helper reads a file below %j',
    (name) => {
      const dir = join(secretsDirectory(), name);
      mkdirSync(dir, { mode: 0o700 });
      const tokenFile = secretFile(dir, 'gh-token', TOKEN);
      const environment = hostGitEnvironment({ tokenFile, serverUrl: 'https://github.com' });
      expect(askGit('https://github.com', environment)).toContain(answer);
    },
  );

  test('the credential helper gives a token that was renewed meanwhile, and nothing when the file is gone or empty', () => {
    const dir = secretsDirectory();
    const tokenFile = secretFile(dir, 'gh-token', 'the-old-one');
    const environment = hostGitEnvironment({ tokenFile, serverUrl: 'https://github.com' });
    expect(askGit('https://github.com', environment)).toContain('password=the-old-one\n');
    renameSync(secretFile(dir, 'new', TOKEN), tokenFile);
    expect(askGit('https://github.com', environment)).toContain(answer);
    renameSync(secretFile(dir, 'new', ''), tokenFile);
    expect(askGit('https://github.com', environment)).toMatch(/^refused/);
    renameSync(tokenFile, join(dir, 'away'));
    expect(askGit('https://github.com', environment)).toMatch(/^refused/);
  });

  test('the credential helper of a root service reads the token file of another account', () => {
    const tokenFile = secretFile(secretsDirectory(), 'gh-token', TOKEN);
    if (process.getuid?.() === 0) chownSync(tokenFile, 4321, 4321);
    expect(
      askGit('https://github.com', hostGitEnvironment({ tokenFile, serverUrl: 'https://github.com' })),
    ).toContain(answer);
  });

  test('the credential helper is left out for repositories on disk', () => {
    const environment = hostGitEnvironment({ tokenFile: '/x/gh-token', serverUrl: 'file:///srv/git' });
    expect(JSON.stringify(environment)).not.toContain('gh-token');
  });
});
