import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { systemCode } from '../../base/errors.ts';

/** More than any bundle of certificates or configuration of git that is looked into, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** Blocks of PEM that everybody may read: https://www.rfc-editor.org/rfc/rfc7468 */
const PUBLIC_BLOCK =
  /^(?:(?:TRUSTED |X509 )?CERTIFICATE|(?:NEW )?CERTIFICATE REQUEST|X509 CRL|(?:RSA |SSH2 |PGP )?PUBLIC KEY(?: BLOCK)?|(?:DH|EC|DSA) PARAMETERS|PKCS7|CMS)$/;

/** A password or a token in an address, a header, or a key that stands for a secret with a value other than yes or no. */
const GIT_LOGIN =
  /:\/\/[^\s/@:]*:[^\s/@]+@|https?:\/\/[^\s/@:]{20,}@|extraheader\s*=\s*\S|^\s*(?!askpass)\w*(?:token|pass|secret|oauth)\w*\s*[=:]\s*(?!(?:true|false|yes|no|on|off)\s*$)\S|npmAuth\w+\s*:/im;

const LOGIN_WORDS = /token|key|pass|secret|auth|bearer|cookie|session|credential/i;

/**
 * Whether a file whose name may stand for a secret holds none: certificates and public keys alone, a configuration of
 * git or yarn without a login, JSON without words of logins. Content that cannot be judged counts as a secret, except for what the service
 * may not read itself.
 */
export function holdsNoSecret(path: string): boolean {
  const { text, isReadable } = read(path);
  if (text === undefined) return !isReadable;
  if (/\.(pem|key|crt)$/i.test(path)) return isPublic(text);
  if (/\.pub$/i.test(path)) return !text.includes('PRIVATE KEY');
  if (/\.json$/i.test(path)) return isJson(text) && !LOGIN_WORDS.test(text);
  if (/^(config|config\.worktree|\.gitconfig|\.gitmodules|\.yarnrc\.yml)$/i.test(posix.basename(path)))
    return !GIT_LOGIN.test(text);
  return false;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text.trim() === '';
  }
}

/** An archive is a presentation that ends in `.key`; no key begins so. */
function isPublic(text: string): boolean {
  if (text.startsWith('PK\u0003\u0004') || text.trim() === '') return true;
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
  return blocks.length > 0 && blocks.every((label) => PUBLIC_BLOCK.test(label));
}

/** No text for a file that is too large, or that cannot be read: then `isReadable` says whether the service may. */
function read(path: string): { text?: string; isReadable: boolean } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = fstatSync(descriptor);
    if (size > MAX_BYTES) return { isReadable: true };
    const buffer = Buffer.alloc(size);
    const length = readSync(descriptor, buffer, 0, size, 0);
    return { text: buffer.toString('latin1', 0, length), isReadable: true };
  } catch (error) {
    const isOut = ['EACCES', 'EPERM', 'ENOENT', 'ELOOP'].includes(systemCode(error) ?? '');
    return { isReadable: !isOut };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
