import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { ghTokenErrors, readGhToken, writeTokenCommand } from '../../src/credentials/github/gh-token-file.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

const TOKEN = 'github_pat_11ABCDEFG0_abcdefghijklmnopqrstuvwxyz';
const me = process.getuid?.() ?? 0;

async function faultOf(file: string, uid?: number): Promise<FlowError> {
  const error = await readGhToken(file, uid).catch((thrown: unknown) => thrown);
  if (!(error instanceof FlowError)) throw new Error('the file was read');
  expect(error.message + error.hint).not.toContain(TOKEN);
  expect(error.blame).toBe('operator');
  return error;
}

async function codeOf(content: string | Uint8Array): Promise<string> {
  return (await faultOf(secretFile(secretsDirectory(), 'gh-token', content))).code;
}

describe('the value', () => {
  test.each([
    ['without a line end', TOKEN],
    ['with a line end', `${TOKEN}\n`],
    ['with a Windows line end', `${TOKEN}\r\n`],
    ['with an old Mac line end', `${TOKEN}\r`],
    ['between empty lines', `\n\n${TOKEN}\n\n\n`],
  ])('the value in a token file is taken %s', async (_, content) => {
    const secret = await readGhToken(secretFile(secretsDirectory(), 'gh-token', content));
    expect(secret.reveal()).toBe(TOKEN);
    expect(`${secret}${JSON.stringify({ secret })}`).not.toContain(TOKEN);
  });

  test.each([
    ['nothing', '', 'token_file_not_raw'],
    ['line ends only', '\r\n\n', 'token_file_not_raw'],
    ['blanks only', '  \t\n', 'token_file_not_raw'],
    ['two lines', `${TOKEN}\n${TOKEN}\n`, 'token_file_not_raw'],
    ['two lines by a lone carriage return', `${TOKEN}\r${TOKEN}`, 'token_file_not_raw'],
    ['a shell assignment', `GH_TOKEN=${TOKEN}\n`, 'token_file_not_raw'],
    ['an exported assignment', `export GH_TOKEN=${TOKEN}\n`, 'token_file_not_raw'],
    ['double quotes', `"${TOKEN}"`, 'token_file_not_raw'],
    ['single quotes', `'${TOKEN}'`, 'token_file_not_raw'],
    ['a header', `Bearer ${TOKEN}`, 'token_file_not_raw'],
    ['a blank inside', `${TOKEN} x`, 'token_file_not_raw'],
    ['a blank at the end', `${TOKEN} \n`, 'token_file_not_raw'],
    ['a no-break space', `${TOKEN}\u00a0`, 'token_file_not_raw'],
    ['a zero-width space', `${TOKEN}\u200b`, 'token_file_not_raw'],
    ['a byte order mark', `\ufeff${TOKEN}`, 'token_file_not_raw'],
    ['UTF-16', Buffer.from(TOKEN, 'utf16le'), 'token_file_not_raw'],
    ['NUL bytes', `${TOKEN}\0\0`, 'token_file_not_raw'],
    ['an escape character', `\u001b[31m${TOKEN}`, 'token_file_not_raw'],
    ['JSON', `{"token":"${TOKEN}"}`, 'token_file_not_raw'],
    ['an address', `https://x:${TOKEN}@github.com`, 'token_file_not_raw'],
    ['10 MB', Buffer.alloc(10_000_000, 'a'), 'token_file_too_large'],
  ])('the value in a token file is refused when the file holds %s', async (_, content, code) => {
    expect(await codeOf(content)).toBe(code);
  });

  test.each([
    ['', 'is empty'],
    [`${TOKEN}\n${TOKEN}\n`, 'has 2 lines'],
    [`GH_TOKEN=${TOKEN}\n`, 'holds a NAME=value line'],
  ])(
    'the value in a token file is refused with the reason, never with the value: %j',
    async (content, reason) => {
      const { message } = await faultOf(secretFile(secretsDirectory(), 'gh-token', content));
      expect(message).toContain(`${reason}; it must hold the raw token`);
      expect(message).not.toContain(TOKEN);
    },
  );

  test('the value in a token file is a bare word for whatever bytes the file holds, or an error', async () => {
    const file = secretFile(secretsDirectory(), 'gh-token', '');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        writeFileSync(file, bytes);
        const result = await readGhToken(file).catch((error: unknown) => error);
        if (result instanceof FlowError) return result.code.startsWith('token_file_');
        return /^[\x21-\x7e]+$/.test((result as { reveal(): string }).reveal());
      }),
      { numRuns: 300 },
    );
  });
});

describe('the file', () => {
  test.each([0o644, 0o640, 0o604, 0o660, 0o610, 0o601])(
    'the token file of mode %o is refused',
    async (mode) => {
      const file = secretFile(secretsDirectory(), 'gh-token', TOKEN);
      chmodSync(file, mode);
      const issue = await faultOf(file);
      expect(issue.code).toBe('token_file_readable_by_others');
      expect(issue.hint).toContain(`chmod 600 ${file}`);
    },
  );

  test.each([0o755, 0o710, 0o701, 0o1777])(
    'the token file in a directory of mode %o is refused',
    async (mode) => {
      const dir = join(secretsDirectory(), 'secrets');
      mkdirSync(dir);
      const file = secretFile(dir, 'gh-token', TOKEN);
      chmodSync(dir, mode);
      const issue = await faultOf(file);
      expect(issue.code).toBe('token_directory_readable_by_others');
      expect(issue.hint).toContain(`chmod 700 ${dir}`);
    },
  );

  test('the token file of another account is refused to a service that is not root, with the chown', async () => {
    const file = secretFile(secretsDirectory(), 'gh-token', TOKEN);
    const issues = await ghTokenErrors(file, me + 1);
    expect(issues.map((issue) => issue.code)).toEqual([
      'token_directory_wrong_owner',
      'token_file_wrong_owner',
    ]);
    expect(issues[1]?.hint).toContain(`chown ${me + 1} ${file}`);
  });

  test('the token file of any account is taken by a service that is root', async () => {
    const file = secretFile(secretsDirectory(), 'gh-token', TOKEN);
    if (me === 0) chownSync(file, 4321, 4321);
    expect((await readGhToken(file, 0)).reveal()).toBe(TOKEN);
  });

  test('the token file tells what is wrong with it and with its directory at once', async () => {
    const dir = secretsDirectory();
    const file = secretFile(dir, 'gh-token', TOKEN);
    chmodSync(file, 0o644);
    chmodSync(dir, 0o755);
    expect((await ghTokenErrors(file)).map((issue) => issue.code)).toEqual([
      'token_directory_readable_by_others',
      'token_file_readable_by_others',
    ]);
  });

  test('the token file that is not there is reported, with the command that makes it', async () => {
    const file = join(secretsDirectory(), "it's", 'gh-token');
    const issue = await faultOf(file);
    expect(issue.code).toBe('token_file_missing');
    execFileSync('bash', ['-c', writeTokenCommand(file)], { input: `${TOKEN}\n` });
    expect((await readGhToken(file)).reveal()).toBe(TOKEN);
  });

  test('the token file that is a directory is reported', async () => {
    const file = join(secretsDirectory(), 'gh-token');
    mkdirSync(file);
    const issue = await faultOf(file);
    expect(issue.code).toBe('token_file_not_regular');
    expect(issue.message).toContain('a directory');
    expect(issue.hint).toContain(`rmdir ${file}`);
  });

  test('the token file that is a named pipe is reported without waiting for a writer', async () => {
    const file = join(secretsDirectory(), 'gh-token');
    execFileSync('mkfifo', [file]);
    expect((await faultOf(file)).message).toContain('a named pipe');
  });

  test('the token file that is a socket is reported', async () => {
    const file = join(secretsDirectory(), 'gh-token');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(file, resolve));
    onTestFinished(() => void server.close());
    expect((await faultOf(file)).message).toContain('a socket');
  });

  test('the token file that is a symbolic link is reported, wherever it leads, and also when it leads round', async () => {
    const dir = secretsDirectory();
    const file = join(dir, 'gh-token');
    symlinkSync(secretFile(secretsDirectory(), 'elsewhere', TOKEN), file);
    symlinkSync('round', join(dir, 'round'));
    expect((await faultOf(file)).message).toContain('a symbolic link');
    expect((await faultOf(join(dir, 'round'))).code).toBe('token_file_not_regular');
    expect((await faultOf(join(dir, 'round', 'gh-token'))).code).toBe('token_file_unreadable');
  });

  test.each([
    ['below a file', '/gh-token'],
    ['of a name that no file can have', `/../${'n'.repeat(300)}`],
    ['of a name with a NUL', '/../a\0b'],
  ])('%s is reported', async (_, rest) => {
    const file = secretFile(secretsDirectory(), 'file', 'x');
    expect((await faultOf(file + rest)).code).toBe('token_file_unreadable');
  });

  test('the token file leaves no descriptor open, whatever is wrong with it', async () => {
    const open = (): number =>
      execFileSync('ls', [`/proc/${process.pid}/fd`])
        .toString()
        .split('\n').length;
    const dir = secretsDirectory();
    const good = secretFile(dir, 'gh-token', TOKEN);
    const before = open();
    for (let round = 0; round < 50; round += 1) {
      await readGhToken(good);
      await readGhToken(dir).catch(() => {});
      await readGhToken(join(dir, 'missing')).catch(() => {});
    }
    expect(open()).toBeLessThan(before + 10);
  });
});
