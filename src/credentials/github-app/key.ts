import { createPrivateKey, type KeyObject } from 'node:crypto';
import { FlowError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';

/** GitHub's own keys have 2,048 bits; its signatures are RS256. */
const MIN_BITS = 2048;

/** A key is some 1,700 bytes. */
const MAX_CHARACTERS = 32_768;

const UNREADABLE = 'cannot be read: parts of it are missing or changed';

/** The first private key in a text, whatever stands around it; the body of one that is itself encrypted has more in it. */
const BLOCK = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----/;

/** What people give in the place of a private key, by how it begins. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN OPENSSH PRIVATE KEY-----/, 'a key for SSH'],
  [/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/, 'a key that is itself encrypted'],
  [/-----BEGIN (RSA )?PUBLIC KEY-----/, 'a public key'],
  [/-----BEGIN CERTIFICATE-----/, 'a certificate'],
  [/-----BEGIN EC PRIVATE KEY-----/, 'an elliptic curve key'],
  [/^(ghp|gho|ghu|ghs|ghr)_|^github_pat_/, 'a token'],
  [/^SHA256:|^[0-9a-f]{2}(:[0-9a-f]{2}){15,}$/i, 'the fingerprint of a key'],
  [/^[0-9a-f]{40}$/i, 'a client secret'],
  [/^\/|\.pem$/, 'the name of a file'],
];

/**
 * The private key of an App from what GitHub lets one download (PKCS#1), from PKCS#8, or from either with `\n` written
 * out, with blanks for its line ends or before its lines, or in base64; given as PKCS#8. Throws `app_key_invalid`, which never quotes the key.
 */
export function readAppKey(text: string): Secret {
  if (text.length > MAX_CHARACTERS) throw keyInvalid('is longer than any key');
  const pem = unpacked(text.replace(/^\uFEFF/, '').trim());
  if (pem === '') throw keyInvalid('is empty');
  const [, kind, body] = BLOCK.exec(pem) ?? [];
  if (kind !== undefined && body !== undefined) return rsaKey(armoured(kind, body));
  const other = OTHERS.find(([pattern]) => pattern.test(pem));
  if (other) throw keyInvalid(`is ${other[1]}`);
  if (!/-----BEGIN (RSA )?PRIVATE KEY-----/.test(pem)) throw keyInvalid('has no “BEGIN … PRIVATE KEY” line');
  if (!/-----END (RSA )?PRIVATE KEY-----/.test(pem))
    throw keyInvalid('is cut off: its “END … PRIVATE KEY” line is missing');
  throw keyInvalid(UNREADABLE);
}

function rsaKey(pem: string): Secret {
  const key = parsed(pem);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa')
    throw keyInvalid(`is an ${key.asymmetricKeyType ?? 'unknown'} key, not RSA`);
  if (bits < MIN_BITS) throw keyInvalid(`has ${bits} bits; GitHub’s have ${MIN_BITS}`);
  return new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

/** As OpenSSL reads it: lines of 64 characters. */
function armoured(kind: string, body: string): string {
  const lines = body.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${kind}-----\n${lines.join('\n')}\n-----END ${kind}-----\n`;
}

/** Settings of one line have keys with `\n` written out, or in base64. */
function unpacked(text: string): string {
  const lines = text
    .replace(/^(["'])([\s\S]*)\1$/, '$2')
    .replaceAll('\\r', '')
    .replaceAll('\\n', '\n');
  if (lines.includes('-----') || !/^[A-Za-z0-9+/=\s]+$/.test(lines)) return lines;
  const decoded = Buffer.from(lines, 'base64').toString('latin1');
  return decoded.startsWith('-----BEGIN') ? decoded : lines;
}

function parsed(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The message of the library may have parts of the key.
    throw keyInvalid(UNREADABLE);
  }
}

function keyInvalid(what: string): FlowError {
  return new FlowError({
    code: 'app_key_invalid',
    blame: 'operator',
    message: `What was given as the App’s private key ${what}.`,
    hint: 'Give the .pem file as GitHub lets you download it (the App’s settings, General, Private keys): --key-file FILE, or --key-file - for standard input.',
  });
}
