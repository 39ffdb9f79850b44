import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { systemCode } from '../../base/errors.ts';

/** More than any bundle of certificates or configuration of git that is looked into, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** Blocks of PEM that everybody may read: https://www.rfc-editor.org/rfc/rfc7468 */
const PUBLIC_BLOCK =
  /^(?:(?:TRUSTED |X509 )?CERTIFICATE|(?:NEW )?CERTIFICATE REQUEST|X509 CRL|(?:RSA |SSH2 |PGP )?PUBLIC KEY(?: BLOCK)?|(?:DH|EC|DSA) PARAMETERS|PKCS7|CMS)$/;

/** A password or a token in an address, or a header that holds one, as git's configuration has them. */
const GIT_LOGIN = /:\/\/[^\s/@:]*:[^\s/@]+@|https?:\/\/[^\s/@:]{20,}@|extraheader\s*=.*authorization/i;

const LOGIN_WORDS = /token|api_?key|password|private_key|client_secret|http-basic|bearer|oauth/i;

/**
 * Whether a file whose name may stand for a secret holds none: certificates and public keys alone, a configuration of
 * git without a login, JSON without words of logins. Content that cannot be judged counts as a secret, except for what the service
 * may not read itself.
 */
export function holdsNoSecret(path: string): boolean {
  const { text, isReadable } = read(path);
  if (text === undefined) return !isReadable;
  if (/\.(pem|key|crt)$/i.test(path)) return isPublic(text);
  if (/\.json$/i.test(path)) return !LOGIN_WORDS.test(text);
  if (/^(config|config\.worktree|\.gitconfig|\.gitmodules)$/i.test(posix.basename(path)))
    return !GIT_LOGIN.test(text);
  return false;
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
