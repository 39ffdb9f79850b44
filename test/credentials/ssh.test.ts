import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkKnownHosts,
  checkSshKey,
  normalKnownHosts,
  normalSshKey,
} from '../../src/credentials/secrets/ssh.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

async function keyFile(...args: string[]): Promise<string> {
  const file = join(await temporaryDirectory(), 'key');
  execFileSync('ssh-keygen', ['-q', '-f', file, ...args]);
  return file;
}

function pkcs(type: 'pkcs1' | 'pkcs8', passphrase?: string): string {
  const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type, format: 'pem', ...cipher },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

describe('an SSH key', () => {
  test('an SSH key is brought into the form that ssh reads, however it was pasted', async () => {
    const key = readFileSync(await keyFile('-t', 'ed25519', '-N', ''), 'utf8');
    for (const pasted of [
      key.trimEnd(),
      key.replaceAll('\n', '\r\n'),
      `\n  ${key}\n\n`,
      key.trimEnd().replaceAll('\n', '\\n'),
      key.replaceAll('\n', '  \n'),
    ]) {
      expect(normalSshKey(pasted)).toBe(key);
      expect(() => checkSshKey(pasted)).not.toThrow();
    }
  });

  test('an SSH key may be of any kind that ssh reads without asking', async () => {
    const old = readFileSync(await keyFile('-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', ''), 'utf8');
    const ecdsa = readFileSync(await keyFile('-t', 'ecdsa', '-N', ''), 'utf8');
    for (const key of [old, ecdsa, pkcs('pkcs1'), pkcs('pkcs8')])
      expect(() => checkSshKey(key)).not.toThrow();
  });

  test('an SSH key that ssh could not use is refused with what it is', async () => {
    const file = await keyFile('-t', 'ed25519', '-N', 'a passphrase');
    const key = readFileSync(file, 'utf8');
    const whole = readFileSync(await keyFile('-t', 'ed25519', '-N', ''), 'utf8');
    const wrong: [string, RegExp][] = [
      [key, /protected by a passphrase/],
      [pkcs('pkcs8', 'a passphrase'), /protected by a passphrase/],
      [pkcs('pkcs1', 'a passphrase'), /protected by a passphrase/],
      [readFileSync(`${file}.pub`, 'utf8'), /public key/],
      ['PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', /PuTTY/],
      [whole.slice(0, 200), /no whole pair/],
      ['hunter2', /no whole pair/],
      [whole.replace(/b3BlbnNza[^\n]*\n/, ''), /not a key/],
      ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /cannot be read/],
      [`-----BEGIN PRIVATE KEY-----\n${' '.repeat(60_000)}x`, /no whole pair/],
    ];
    for (const [value, words] of wrong)
      expect(() => checkSshKey(value), value.slice(0, 60)).toThrow(
        expect.objectContaining({ code: 'ssh_key_invalid', message: expect.stringMatching(words) }),
      );
  });
});

describe('known hosts', () => {
  test('known hosts are taken as ssh-keyscan and ssh write them', async () => {
    const [type, key] = readFileSync(`${await keyFile('-t', 'ed25519', '-N', '')}.pub`, 'utf8').split(' ');
    for (const hosts of [
      `github.com ${type} ${key}`,
      `# a comment\n\n[host]:2222,192.0.2.1 ${type} ${key} words\r\n`,
      `|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${type} ${key}`,
      `@cert-authority *.example.org ${type} ${key}`,
    ]) {
      expect(() => checkKnownHosts(hosts)).not.toThrow();
      expect(normalKnownHosts(hosts).endsWith('\n')).toBe(true);
    }
  });

  test.each([
    'github.com',
    '',
    '# only a comment',
    'github.com ssh-ed25519 AAAA',
    'ssh-ed25519 AAAAC3Nz me',
    'SHA256:abc',
  ])('known hosts are not %j', (hosts) => {
    expect(() => checkKnownHosts(hosts)).toThrow(
      expect.objectContaining({ code: 'ssh_known_hosts_invalid' }),
    );
  });
});
