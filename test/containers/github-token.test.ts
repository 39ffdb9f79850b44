import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { processesNow } from '../support/profiles/secret-search.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

const SCRIPT = join(import.meta.dirname, '../../src/containers/create/scripts/github-token.sh');
const BEARER = `ghf_run1_${'b'.repeat(43)}`;
const TOKEN = 'ghs_TheTokenOfTheHelperForElsewhere';

let url: string;
let answer: { status: number; body: object };
let seen: IncomingMessage[];
let processes: string;
beforeEach(async () => {
  seen = [];
  answer = { status: 200, body: { token: TOKEN, expires_at: '2030-01-01T00:00:00.000Z' } };
  const server = createServer((request, response) => {
    seen.push(request);
    processes = processesNow();
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

/** A PATH with these programs alone, each a link to the machine's own or to busybox. */
function pathWith(...programs: [name: string, target: string][]): string {
  const dir = join(secretsDirectory(), 'bin');
  mkdirSync(dir);
  for (const [name, target] of programs) symlinkSync(target, join(dir, name));
  return dir;
}

async function run(shell: string, path: string, more: Record<string, string> = {}) {
  const file = secretFile(secretsDirectory(), 'runtime-token', BEARER);
  const env = {
    PATH: path,
    GITHUB_FLOWS_RUNTIME_URL: url,
    GITHUB_FLOWS_RUNTIME_TOKEN_FILE: file,
    ...more,
  };
  const [program = '', ...args] = shell.split(' ');
  return await promisify(execFile)(program, [...args, SCRIPT], { env }).catch(
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

describe('the helper for processes elsewhere prints a fresh token', () => {
  const busybox = '/usr/bin/busybox';
  const curl = () => pathWith(['curl', '/usr/bin/curl']);
  const wget = () =>
    pathWith(['wget', '/usr/bin/wget'], ['mktemp', '/usr/bin/mktemp'], ['rm', '/usr/bin/rm']);
  const nc = () => pathWith(['nc', busybox], ['wget', busybox]);

  test.each([
    ['dash with curl', '/bin/dash', curl],
    ['bash with curl', '/bin/bash --posix', curl],
    ['busybox with curl', `${busybox} sh`, curl],
    ['dash with wget', '/bin/dash', wget],
    ['busybox alone', `${busybox} sh`, nc],
  ])('%s, and the bearer is in no argument and no variable', async (_name, shell, path) => {
    const { stdout, stderr } = await run(shell, path());
    expect({ stdout, stderr }).toEqual({ stdout: `${TOKEN}\n`, stderr: '' });
    expect(seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/runtime/v1/github-token', `Bearer ${BEARER}`],
    ]);
    expect(processes).not.toContain(BEARER);
  });

  test('an address with a slash at its end is as good', async () => {
    const { stdout } = await run('/bin/dash', curl(), { GITHUB_FLOWS_RUNTIME_URL: `${url}/` });
    expect(stdout).toBe(`${TOKEN}\n`);
  });

  test.each([
    ['a refusal', () => ({}), /there is no GitHub token: the service answered: .*runtime_bearer_refused/],
    [
      'no bearer',
      () => ({ GITHUB_FLOWS_RUNTIME_TOKEN_FILE: '/nowhere/token' }),
      /\/nowhere\/token cannot be read or is empty/,
    ],
    ['no address', () => ({ GITHUB_FLOWS_RUNTIME_URL: '' }), /GITHUB_FLOWS_RUNTIME_URL is not set/],
    ['nobody there', () => ({ GITHUB_FLOWS_RUNTIME_URL: 'http://127.0.0.1:1' }), /curl: \(7\)/],
  ])('%s ends with 1 and says so', async (_name, more, words) => {
    answer = { status: 401, body: { error: { code: 'runtime_bearer_refused' } } };
    const ended = await run('/bin/dash', curl(), more());
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).not.toContain(BEARER);
  });

  test('neither curl nor wget is told in words', async () => {
    const ended = await run('/bin/dash', pathWith());
    expect(ended.stderr).toContain('neither curl nor wget is here');
  });
});
